# name: analogical
# title: Analogical prompting
# method: One call that first recalls three relevant problems with their solutions, and then solves the task by their example.
# paper: Yasunaga et al., 2023, arXiv:2310.01714
# fidelity: self-generated exemplars and solution in one call, as in the paper; temperature 0.3 in place of 0.
# domains: math, code, logic
# calls: 1..1

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        prompt = f"""# Task
{taskInfo}

# What to do
## Core idea
Name in two sentences the idea or technique that tasks of this sort turn on.

## Relevant problems
Recall three problems that use it. They must differ from each other and from the task. Give each with its full solution.

## Solution of the task
Now solve the task itself. Think step by step and lean on the relevant problems where they help.

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block."""
        return self.llm.call_llm(prompt, 0.3)
