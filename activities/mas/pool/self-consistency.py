# name: self-consistency
# title: Self-Consistency
# method: Five sampled chains of thought; the most frequent final answer wins by a vote that is counted, not judged.
# paper: Wang et al., 2022, arXiv:2203.11171
# fidelity: sampled chains and a counted vote as in the paper; zero-shot, five samples at 0.7 in place of forty.
# domains: math, science, choice, knowledge
# calls: 5..5
# aliases: sc

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.samples = 5

    def forward(self, taskInfo):
        prompt = f"""Solve the task below. Think step by step and show your reasoning.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block."""
        with ThreadPoolExecutor(self.samples) as pool:
            replies = list(pool.map(lambda _: self.llm.call_llm(prompt, 0.7), range(self.samples)))
        answers = [self.final_answer(reply) for reply in replies]
        winner = Counter(answers).most_common(1)[0][0]
        return replies[answers.index(winner)]

    def final_answer(self, reply):
        """The stated answer, or the code, in a form in which equal answers are equal strings."""
        code = extract_code(reply)
        if code:
            return code
        found = re.findall(r"\\boxed\{([^{}]*)\}|final answer\s*:?\**\s*(.+)", reply, re.IGNORECASE)
        stated = (found[-1][0] or found[-1][1]) if found else reply.strip().split("\n")[-1]
        return stated.strip(" .*$").replace(",", "").lower()
