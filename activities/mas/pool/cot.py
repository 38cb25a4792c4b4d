# name: cot
# title: Chain of thought
# method: One call that is asked to reason step by step before it answers.
# paper: Wei et al., 2022, arXiv:2201.11903; Kojima et al., 2022, arXiv:2205.11916
# fidelity: one zero-shot call, as in the second paper; without worked examples, at the usual temperature of 0.5.
# domains: any
# calls: 1..1

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        prompt = f"""Solve the task below. Think step by step and show your reasoning.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block."""
        return self.llm.call_llm(prompt)
