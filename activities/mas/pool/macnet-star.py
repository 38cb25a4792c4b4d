# name: macnet-star
# title: MacNet, star
# method: A centre drafts; on each ray an instructor and an actor rework the draft side by side; the centre merges the results.
# paper: Qian et al., 2024, arXiv:2406.07155
# fidelity: a star of three rays that converges in one sink, as the paper's graphs do; one exchange per edge.
# domains: any
# calls: 8..8

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.rays = {
            "a practitioner": "whether the draft would hold in practice, with concrete values",
            "a theorist": "whether each step of the draft is justified",
            "a newcomer": "what in the draft is unclear, left out or taken for granted",
        }

    def forward(self, taskInfo):
        draft = self.llm.call_llm(f"Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}")
        with ThreadPoolExecutor(len(self.rays)) as pool:
            reworked = list(pool.map(lambda ray: self.rework(taskInfo, draft, *ray), self.rays.items()))
        listed = "\n\n".join(f"Solution {i}:\n{solution}" for i, solution in enumerate(reworked, 1))
        return self.llm.call_llm(
            f"""Your draft for the task went to three colleagues, who each reworked it.

Task:
{taskInfo}

{listed}

Combine their strengths into one final solution; where they contradict each other, decide by the better reason.
{CLOSE}""",
            0.2,
        )

    def rework(self, taskInfo, draft, actor, duty):
        instruction = self.llm.call_llm(
            f"Task:\n{taskInfo}\n\nSolution:\n{draft}\n\nReview the solution: point out {duty}. Do not solve the task yourself.", 0.5
        )
        return self.llm.call_llm(
            f"""You are {actor}. Task:
{taskInfo}

The current solution:
{draft}

An instructor remarks:
{instruction}

Write your revised solution in full, reasoned step by step.
{CLOSE}""",
            0.6,
        )
