# name: cot-self-consistency
# title: CoT ensemble with a deciding call
# method: Five chains of thought side by side; one more call compares them and decides.
# paper: Wang et al., 2022, arXiv:2203.11171 (with a deciding call in place of the vote)
# fidelity: five chains at 0.7, as agent baselines usually have; a deciding call at 0.2 in place of the counted vote.
# domains: any
# calls: 6..6
# aliases: cot-sc

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.samples = 5

    def forward(self, taskInfo):
        prompt = f"""Solve the task below. Think step by step and show your reasoning.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block."""
        with ThreadPoolExecutor(self.samples) as pool:
            replies = list(pool.map(lambda _: self.llm.call_llm(prompt, 0.7), range(self.samples)))
        listed = "\n\n".join(f"Solution {i}:\n{reply}" for i, reply in enumerate(replies, 1))
        return self.llm.call_llm(
            f"""Several people solved the same task independently.

Task:
{taskInfo}

{listed}

Compare the solutions, decide which answer is the most consistent and best supported, and give that answer in full.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.2,
        )
