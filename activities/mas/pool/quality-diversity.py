# name: quality-diversity
# title: Quality-Diversity
# method: Keeps every attempt, asks each new one for a way unlike all before it, and lets a last call decide.
# paper: Lu et al., 2024, arXiv:2405.15143; as an agent baseline in Hu et al., 2024, arXiv:2408.08435
# fidelity: four attempts in a row and a decision at 0.1, as in the baseline; attempts at 0.7 and without scores between them.
# domains: math, science, knowledge
# calls: 5..5

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.attempts = 4

    def forward(self, taskInfo):
        archive = [self.llm.call_llm(f"Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}", 0.7)]
        while len(archive) < self.attempts:
            archive.append(self.llm.call_llm(self.another_way(taskInfo, archive), 0.7))
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

These attempts were made in different ways:

{self.listed(archive)}

Reason over them carefully and give the final decision: the answer that the attempts support best.
{CLOSE}""",
            0.1,
        )

    def another_way(self, taskInfo, archive):
        return f"""Task:
{taskInfo}

Your earlier attempts:

{self.listed(archive)}

Rethink the task from the start and solve it in another interesting way, with a method that none of these attempts used.
Think step by step.
{CLOSE}"""

    def listed(self, archive):
        return "\n\n".join(f"Attempt {i}:\n{attempt}" for i, attempt in enumerate(archive, 1))
