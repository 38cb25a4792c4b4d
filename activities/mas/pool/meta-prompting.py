# name: meta-prompting
# title: Meta-prompting
# method: A conductor keeps the conversation, consults experts who see nothing but its instructions, and closes when it is sure.
# paper: Suzgun and Kalai, 2024, arXiv:2401.12954
# fidelity: one conductor and fresh experts as in the paper, with the Python expert's code executed; at most three consultations.
# domains: any
# calls: 1..7

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.consultations = 3

    def forward(self, taskInfo):
        message = f"""You conduct a group of experts. Work on the task below step by step. In each turn do exactly one of two things:
(a) Consult an expert: reply with a line "Expert: <who>", then the instructions in full, since experts remember nothing and
see neither the task nor each other. "Expert: Python" runs the script that it writes.
(b) When you are sure, and have had the result verified by an expert, give the answer and close with one line
"Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block instead.

Task:
{taskInfo}"""
        conversation = []
        for _ in range(self.consultations):
            reply, conversation = self.llm.multi_turn_conversation(message, conversation, 0.3)
            consulted = re.search(r"^\W*Expert\W*:\s*([^\n]{1,80})\n(.*)", reply, re.MULTILINE | re.DOTALL)
            if not consulted:
                return reply
            message = f"The expert replies:\n{self.consult(*consulted.groups())}\n\nGo on."
        reply, _ = self.llm.multi_turn_conversation(
            f"{message} No more experts are available: do (b) now.", conversation, 0.2
        )
        return reply

    def consult(self, who, instructions):
        if not who.lower().startswith("python"):
            return self.llm.call_llm(f"You are {who}. {instructions}", 0.4)[:20000]
        script = extract_code(
            self.llm.call_llm(
                f"Write a Python script and store the result in a variable named `output`, in a ```python block. {instructions}", 0.2
            )
        )
        return f"```python\n{script[:10000]}\n```\n{execute_code(script)[:4000]}"
