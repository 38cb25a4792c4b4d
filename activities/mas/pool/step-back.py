# name: step-back
# title: Step-back prompting
# method: First asks for the principle behind the task, then solves the task from that principle.
# paper: Zheng et al., 2023, arXiv:2310.06117
# fidelity: abstraction and reasoning as two calls, as in the paper; zero-shot, without its demonstrations.
# domains: science, math, knowledge
# calls: 2..2

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        principles = self.llm.call_llm(
            f"""Take a step back from the task below. Which more general question stands behind it, and which laws,
definitions or facts settle that question? State them with their conditions. Do not solve the task.

Task:
{taskInfo}""",
            0.3,
        )
        return self.llm.call_llm(
            f"""You are an expert in the subject of the task below.

Task:
{taskInfo}

What stands behind the task:
{principles}

Solve the task step by step and name the principle that each step uses. Leave a principle aside where its conditions do
not hold.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.3,
        )
