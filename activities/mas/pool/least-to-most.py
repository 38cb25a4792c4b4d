# name: least-to-most
# title: Least-to-most prompting
# method: Breaks the task into simpler questions and answers them in order, each with all earlier answers at hand; the task comes last.
# paper: Zhou et al., 2022, arXiv:2205.10625
# fidelity: decomposition and sequential answers as in the paper; zero-shot, at most four questions before the task itself.
# domains: math, logic, reading
# calls: 2..6

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.most = 4

    def forward(self, taskInfo):
        known = ""
        for question in self.questions(taskInfo):
            answer = self.llm.call_llm(
                f"""Task (do not solve it yet):
{taskInfo}
{known}
Answer this question alone, step by step and in at most five lines: {question}""",
                0.2,
            )
            known += f"\nKnown: {question}\n{answer}\n"
        return self.llm.call_llm(
            f"""Task:
{taskInfo}
{known}
Now solve the task itself step by step, from what is known.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.2,
        )

    def questions(self, taskInfo):
        reply = self.llm.call_llm(
            f"""To solve the task below, which simpler questions must be answered first? Order them from the easiest on;
each may use the answers before it. If the task is simple already, there are none.
Reply with a JSON object {{"questions": ["...", "..."]}} of at most {self.most} questions.

Task:
{taskInfo}""",
            0.3,
        )
        asked = (parse_to_json(reply) or {}).get("questions")
        return [str(question) for question in asked][: self.most] if isinstance(asked, list) else []
