# name: self-refine
# title: Self-Refine
# method: Answer, criticise the answer, rewrite it by the criticism; at most two rounds, fewer when no fault is found.
# paper: Madaan et al., 2023, arXiv:2303.17651
# fidelity: feedback and refinement by one model as in the paper; zero-shot, at most two rounds in place of four.
# domains: any
# calls: 2..5

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.rounds = 2

    def forward(self, taskInfo):
        answer = self.llm.call_llm(f"Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}")
        for _ in range(self.rounds):
            feedback = self.llm.call_llm(
                f"""Review the solution below as a strict teacher. Point out every error in its set-up, its steps and its result.
If you find none, say that the solution is sound.

Task:
{taskInfo}

Solution under review:
{answer}""",
                0.3,
            )
            if "solution is sound" in feedback.lower():
                break
            answer = self.llm.call_llm(
                f"""Task:
{taskInfo}

Your previous solution:
{answer}

Feedback on it:
{feedback}

Write an improved solution that takes the feedback into account. Think step by step.
{CLOSE}""",
                0.3,
            )
        return answer
