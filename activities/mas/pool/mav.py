# name: mav
# title: Multi-agent verification
# method: Samples candidate answers and lets one verifier per aspect approve or reject each; the candidate with most approvals wins.
# paper: Lifshitz et al., 2025, arXiv:2502.20379
# fidelity: best-of-n with binary aspect verifiers as in the paper; three candidates and three aspects in place of tens of each.
# domains: math, science, choice, knowledge
# calls: 12..12

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.candidates = 3
        self.aspects = [
            "the set-up: is every given used, and is the question that is asked the one that is answered?",
            "the logic: does each step follow from the ones before?",
            "the result: do the calculations hold, and have value, unit and form what the task wants?",
        ]

    def forward(self, taskInfo):
        prompt = f"""Solve the task below. Think step by step and show your reasoning.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block."""
        with ThreadPoolExecutor(8) as pool:
            candidates = list(pool.map(lambda _: self.llm.call_llm(prompt, 0.7), range(self.candidates)))
            pairs = [(candidate, aspect) for candidate in candidates for aspect in self.aspects]
            verdicts = list(pool.map(lambda pair: self.approves(taskInfo, *pair), pairs))
        width = len(self.aspects)
        approvals = [sum(verdicts[i * width : (i + 1) * width]) for i in range(self.candidates)]
        return candidates[approvals.index(max(approvals))]

    def approves(self, taskInfo, candidate, aspect):
        verdict = self.llm.call_llm(
            f"""You are a verifier with one duty. Check the solution below for {aspect}
Ignore everything else. Begin with "The solution is sound" if it passes, else with "The solution has a weak point".

Task:
{taskInfo}

Solution:
{candidate}""",
            0.2,
        )
        return "is sound" in verdict.lower()
