# name: self-verification
# title: Self-verification, backwards
# method: Takes each different candidate answer as given, hides a condition of the task, and checks whether it comes out again.
# paper: Weng et al., 2022, arXiv:2212.09561; FOBAR, Jiang et al., 2023, arXiv:2308.07758
# fidelity: forward sampling and backward checks of the papers; three candidates, one masked condition each, checks break ties of the vote.
# domains: math, logic
# calls: 3..6

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.samples = 3

    def forward(self, taskInfo):
        prompt = f"""Solve the task below. Think step by step and show your reasoning.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block."""
        with ThreadPoolExecutor(self.samples) as pool:
            replies = list(pool.map(lambda _: self.llm.call_llm(prompt, 0.7), range(self.samples)))
            forward = Counter(self.stated(reply) for reply in replies)
            if len(forward) == 1:
                return replies[0]
            holds = dict(zip(forward, pool.map(lambda answer: self.holds(taskInfo, answer), forward)))
        best = max(forward, key=lambda answer: (holds[answer], forward[answer]))
        return next(reply for reply in replies if self.stated(reply) == best)

    def stated(self, reply):
        found = re.findall(r"\\boxed\{([^{}]*)\}|final answer\s*:?\**\s*(.+)", reply, re.IGNORECASE)
        return extract_code(reply) or ((found[-1][0] or found[-1][1]) if found else reply[-200:]).strip(" .*$").replace(",", "")

    def holds(self, taskInfo, answer):
        shown = f"```python\n{answer}\n```" if "def " in answer else f"Final Answer: {answer}"
        verdict = self.llm.call_llm(
            f"""Task:
{taskInfo}

A solution of it ends with:
{shown}

Check this backwards. Take the answer as given, hide one condition of the task (a number, a property, an example), and
derive the hidden condition from the answer and the rest. Then compare. Close with "The solution is sound" if it comes
out as stated in the task, else with "The solution has a weak point".""",
            0.2,
        )
        return "is sound" in verdict.lower()
