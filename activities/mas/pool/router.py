# name: router
# title: Route by kind of query
# method: A first call names the kind of query; each kind has a small system of its own: script, tested code, vote, quotes or one careful call.
# paper: -
# domains: any
# calls: 2..8

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.ways = {
            "calculate": self.calculate,
            "program": self.program,
            "choose": self.choose,
            "read": self.read,
            "write": self.think,
        }

    def forward(self, taskInfo):
        reply = self.llm.call_llm(
            f"""Of which kind is the task below? Do not solve it. Reply with one word in double brackets:
[[calculate]] a number is to be worked out; [[program]] code is to be written; [[choose]] one of given options; [[read]]
the answer stands in a given text; [[write]] anything else.

Task:
{taskInfo}""",
            0.1,
        )
        named = [kind for kind in re.findall(r"\[\[\s*(\w+)\s*\]\]", reply.lower()) if kind in self.ways]
        return self.ways[named[-1] if named else self.guess(taskInfo)](taskInfo)

    def guess(self, taskInfo):
        if re.search(r"\bdef \w+\(|python function|write a (?:python )?(?:function|program)", taskInfo, re.IGNORECASE):
            return "program"
        if len(re.findall(r"^\s*\(?[A-H][).:]\s", taskInfo, re.MULTILINE)) > 1:
            return "choose"
        if len(taskInfo) > 1500:
            return "read"
        return "calculate" if len(re.findall(r"\d", taskInfo)) > 2 else "write"

    def calculate(self, taskInfo):
        reply = self.llm.call_llm(
            f"""Write a Python script that computes the answer, and store the result in a variable named `output`.
Reply with the script in a ```python block.

{taskInfo}""",
            0.2,
        )
        result = execute_code(extract_code(reply))[:4000]
        return self.llm.call_llm(
            f"{taskInfo}\n\nA script was run for it.\n{result}\n\nState the answer; if it failed, think step by step.\n{CLOSE}", 0.1
        )

    def program(self, taskInfo):
        tests = get_test_cases(self.llm, taskInfo, get_function_signature(self.llm, taskInfo))
        prompt = f"{taskInfo}\n\nPut the whole Python code between <Code Solution> and </Code Solution>."
        reply, code = generate_and_extract_code(self.llm, prompt, 0.2)
        for _ in range(2):
            passed, feedback = test_code_get_feedback(code, tests)
            if passed or not code:
                break
            mend = f"{prompt}\n\nYour current code:\n```python\n{code}\n```\n\nResults of the tests:\n{feedback}\n\nFix it."
            code = extract_code_solution(self.llm.call_llm(mend, 0.3)) or code
        return f"```python\n{code}\n```" if code else reply

    def choose(self, taskInfo):
        prompt = f"{taskInfo}\n\nThink step by step: what speaks for and against each option?\n{CLOSE}"
        replies = [self.llm.call_llm(prompt, 0.7) for _ in range(3)]
        listed = "\n\n".join(f"Answer {i}:\n{reply}" for i, reply in enumerate(replies, 1))
        return self.llm.call_llm(f"{taskInfo}\n\n{listed}\n\nDecide which answer is best supported.\n{CLOSE}", 0.1)

    def read(self, taskInfo):
        quotes = self.llm.call_llm(f"{taskInfo}\n\nQuote the sentences above that settle the question. Do not answer it.", 0.1)
        found = f"Sentences that matter:\n{quotes}"
        return self.llm.call_llm(f"{taskInfo}\n\n{found}\n\nAnswer step by step, as shortly as possible.\n{CLOSE}", 0.1)

    def think(self, taskInfo):
        return self.llm.call_llm(f"{taskInfo}\n\nThink carefully about what is wanted, then give it in full.\n{CLOSE}", 0.4)
