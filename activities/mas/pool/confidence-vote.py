# name: confidence-vote
# title: Confidence-weighted self-consistency
# method: Five chains of thought state how sure they are; their votes are weighted by a softmax of these confidences.
# paper: Taubenfeld et al., 2025, arXiv:2502.06233
# fidelity: verbal confidence from 0 to 100 and the paper's softmax normalisation, at temperature 1 over confidence / 20; five samples.
# domains: math, choice, knowledge
# calls: 5..5
# aliases: cisc

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.samples = 5

    def forward(self, taskInfo):
        prompt = f"""Solve the task below. Think step by step and show your reasoning.

Task:
{taskInfo}

Close with one line "Confidence: <0 to 100>", the chance that your answer is right, and one line "Final Answer: <answer>".
If the task asks for a program, put the whole code in a ```python block in place of the last line."""
        with ThreadPoolExecutor(self.samples) as pool:
            replies = list(pool.map(lambda _: self.llm.call_llm(prompt, 0.7), range(self.samples)))
        weights = defaultdict(float)
        for reply in replies:
            weights[self.answer(reply)] += math.exp(self.confidence(reply) / 20)
        winner = max(weights, key=weights.get)
        return max((reply for reply in replies if self.answer(reply) == winner), key=self.confidence)

    def confidence(self, reply):
        found = re.findall(r"confidence\W{0,5}(\d{1,3})\b", reply, re.IGNORECASE)
        return min(100, int(found[-1])) if found else 50

    def answer(self, reply):
        found = re.findall(r"\\boxed\{([^{}]*)\}|final answer\s*:?\**\s*(.+)", reply, re.IGNORECASE)
        return extract_code(reply) or ((found[-1][0] or found[-1][1]) if found else reply[-200:]).strip(" .*$").replace(",", "").lower()
