# name: single
# title: Single call
# method: One call with the query and the format of the answer.
# paper: -
# domains: any
# calls: 1..1

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        prompt = f"""{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block."""
        return self.llm.call_llm(prompt)
