# name: macnet-chain
# title: MacNet, chain
# method: Actors in a line; on each edge an instructor criticises the artefact and the next actor carries on from both.
# paper: Qian et al., 2024, arXiv:2406.07155
# fidelity: instructors on edges and actors on nodes, as in the paper; four nodes, one exchange per edge.
# domains: any
# calls: 7..7

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.instructors = ["its understanding of the task", "each of its steps", "the form and completeness of its result"]

    def forward(self, taskInfo):
        artefact = self.llm.call_llm(f"Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}")
        for duty in self.instructors:
            instruction = self.llm.call_llm(
                f"""You instruct a colleague. Review the solution below with an eye on {duty}.
Point out at most two things that the colleague should look at again; say "The solution is sound" if there are none.

Task:
{taskInfo}

Solution:
{artefact}""",
                0.3,
            )
            artefact = self.llm.call_llm(
                f"""Task:
{taskInfo}

The current solution, handed on to you:
{artefact}

Your instructor says:
{instruction}

Write the improved solution in full, reasoned step by step. Keep what is right.
{CLOSE}""",
                0.3,
            )
        return artefact
