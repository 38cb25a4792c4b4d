# name: rephrase-and-respond
# title: Rephrase and respond
# method: One call rephrases the question without losing anything, a second answers it with both wordings at hand.
# paper: Deng et al., 2023, arXiv:2311.04205
# fidelity: the paper's two-step variant, original and rephrased question together; one model for both steps.
# domains: knowledge, reading, logic
# calls: 2..2
# aliases: rar

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        clearer = self.llm.call_llm(
            f"""Rephrase and expand the question below so that it can be answered better: say what is meant where a word
has two senses, spell out what is taken for granted, leave aside what does not matter, and keep everything that the
original states. Do not answer it.

Question:
{taskInfo}""",
            0.3,
        )
        return self.llm.call_llm(
            f"""(original) {taskInfo}

(rephrased) {clearer}

Use the rephrased question as a help to answer the original one. Where the two differ, the original counts. Think
step by step.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.3,
        )
