# name: adaptive-consistency
# title: Adaptive consistency
# method: Samples answers one after another and stops as soon as the leading answer is unlikely to lose its majority; at most ten.
# paper: Aggarwal et al., 2023, arXiv:2305.11860
# fidelity: the paper's Beta criterion with threshold 0.95; at most ten samples in place of forty.
# domains: math, science, choice, logic
# calls: 4..10

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.most = 10
        self.threshold = 0.95

    def forward(self, taskInfo):
        prompt = f"""Solve the task below. Think step by step and show your reasoning.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block."""
        replies, answers = [], []
        while len(replies) < self.most:
            replies.append(self.llm.call_llm(prompt, 0.7))
            answers.append(self.stated(replies[-1]))
            leading = [count for _, count in Counter(answers).most_common(2)]
            if self.probability_of_lead(*leading, 0) >= self.threshold:
                break
        return replies[answers.index(Counter(answers).most_common(1)[0][0])]

    def probability_of_lead(self, first, second, *_):
        """P(share of the first > 1/2) after `first` and `second` votes, from a uniform prior: a sum of binomials."""
        trials = first + second + 1
        return sum(math.comb(trials, k) for k in range(first + 1)) / 2**trials

    def stated(self, reply):
        found = re.findall(r"\\boxed\{([^{}]*)\}|final answer\s*:?\**\s*(.+)", reply, re.IGNORECASE)
        return extract_code(reply) or ((found[-1][0] or found[-1][1]) if found else reply[-200:]).strip(" .*$").replace(",", "").lower()
