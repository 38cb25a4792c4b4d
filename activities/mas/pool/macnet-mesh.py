# name: macnet-mesh
# title: MacNet, mesh
# method: Four actors in topological order; each gets every earlier artefact with an instructor's remark and writes a further one.
# paper: Qian et al., 2024, arXiv:2406.07155
# fidelity: the complete directed graph of four nodes, six edges with one instruction each; only artefacts travel, as in the paper.
# domains: any
# calls: 10..10

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.actors = ["a quick all-rounder", "a patient calculator", "a sceptical examiner", "the editor of the final version"]

    def forward(self, taskInfo):
        artefacts = [
            self.llm.call_llm(f"You are {self.actors[0]}. Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}", 0.6)
        ]
        for actor in self.actors[1:]:
            with ThreadPoolExecutor(len(artefacts)) as pool:
                remarks = list(pool.map(lambda artefact: self.instruct(taskInfo, artefact), artefacts))
            artefacts.append(self.act(taskInfo, actor, artefacts, remarks))
        return artefacts[-1]

    def instruct(self, taskInfo, artefact):
        return self.llm.call_llm(
            f"""Review the solution below for whoever goes on from it: what can be kept, and what must be looked at
again? At most five lines.

Task:
{taskInfo}

Solution:
{artefact}""",
            0.3,
        )

    def act(self, taskInfo, actor, artefacts, remarks):
        listed = "\n\n".join(
            f"Solution {i}:\n{artefact}\n\nRemark on it: {remark}" for i, (artefact, remark) in enumerate(zip(artefacts, remarks), 1)
        )
        return self.llm.call_llm(
            f"""You are {actor}. Task:
{taskInfo}

{listed}

Combine what holds in the solutions above, mend what the remarks rightly blame, and write one complete solution,
step by step.
{CLOSE}""",
            0.4,
        )
