# name: progressive-hint
# title: Progressive-hint prompting
# method: Asks again and again with all earlier answers as hints, until two answers in a row are the same; at most five times.
# paper: Zheng et al., 2023, arXiv:2304.09797
# fidelity: the paper's loop and stopping rule, greedy in place of sampled hints; at most five questions.
# domains: math, science, choice
# calls: 2..5
# aliases: php

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.most = 5

    def forward(self, taskInfo):
        close = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'
        reply = self.llm.call_llm(f"Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{close}", 0.3)
        hints = [self.stated(reply)]
        while len(hints) < self.most:
            reply = self.llm.call_llm(
                f"""Task:
{taskInfo}

Hint: your earlier answers, which may be wrong, were:
{chr(10).join(f"Final Answer: {hint}" for hint in hints)}

Rethink the task with this hint in mind. Think step by step and verify each step.
{close}""",
                0.3,
            )
            hints.append(self.stated(reply))
            if hints[-1] == hints[-2]:
                break
        return reply

    def stated(self, reply):
        found = re.findall(r"\\boxed\{([^{}]*)\}|final answer\s*:?\**\s*(.+)", reply, re.IGNORECASE)
        return extract_code(reply) or ((found[-1][0] or found[-1][1]) if found else reply[-200:]).strip(" .*$").replace(",", "")
