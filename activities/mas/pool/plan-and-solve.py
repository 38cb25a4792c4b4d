# name: plan-and-solve
# title: Plan-and-Solve
# method: One call extracts the variables and devises a plan, a second carries the plan out step by step.
# paper: Wang et al., 2023, arXiv:2305.04091
# fidelity: the PS+ instructions in our words; plan and solution are two calls, where the paper has one and a call that extracts the answer.
# domains: math, logic
# calls: 2..2

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        plan = self.llm.call_llm(
            f"""Understand the task below first. List the relevant variables with their values and units, then devise a
numbered plan that leads to what is asked. Do not carry it out yet.

Task:
{taskInfo}""",
            0.3,
        )
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

Variables and plan:
{plan}

Carry out the plan step by step: calculate every intermediate value, watch the arithmetic and common sense, and depart
from the plan where it turns out to be wrong.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.2,
        )
