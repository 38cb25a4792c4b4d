# name: knockout
# title: Knockout tournament
# method: Four sampled answers meet in pairs; each duel is judged twice with the sides swapped, and the winners meet again.
# paper: Chen et al., 2024, arXiv:2411.19477
# fidelity: generation and pairwise knockout of the paper with N = 4 and K = 2; equal answers meet without a duel.
# domains: math, writing, knowledge, choice
# calls: 4..10

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.entrants = 4

    def forward(self, taskInfo):
        prompt = f"""Do the task below. Think step by step and show your reasoning.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block."""
        with ThreadPoolExecutor(self.entrants) as pool:
            players = list(pool.map(lambda _: self.llm.call_llm(prompt, 0.8), range(self.entrants)))
        while len(players) > 1:
            pairs = list(zip(players[::2], players[1::2]))
            with ThreadPoolExecutor(len(pairs)) as pool:
                players = list(pool.map(lambda pair: self.duel(taskInfo, *pair), pairs))
        return players[0]

    def duel(self, taskInfo, one, other):
        """The one that wins both readings; the first if each wins one."""
        if self.stated(one) == self.stated(other):
            return one
        lost = self.second_wins(taskInfo, one, other) and not self.second_wins(taskInfo, other, one)
        return other if lost else one

    def second_wins(self, taskInfo, first, second):
        verdict = self.llm.call_llm(
            f"""Compare two solutions of one task, step by step, and decide which one is better. Their order and length
mean nothing.

Task:
{taskInfo}

Solution 1:
{first}

Solution 2:
{second}

Close with the number of the better solution as <<k>>.""",
            0.1,
        )
        return re.findall(r"<<\s*([12])\s*>>", verdict)[-1:] == ["2"]

    def stated(self, reply):
        found = re.findall(r"\\boxed\{([^{}]*)\}|final answer\s*:?\**\s*(.+)", reply, re.IGNORECASE)
        return extract_code(reply) or ((found[-1][0] or found[-1][1]) if found else reply).strip(" .*$").replace(",", "").lower()
