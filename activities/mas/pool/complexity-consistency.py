# name: complexity-consistency
# title: Complexity-based consistency
# method: Samples six chains of thought and lets only the three with the most steps vote, since longer reasoning is right more often.
# paper: Fu et al., 2022, arXiv:2210.00720
# fidelity: voting among the most complex chains as in the paper; six samples of which three vote, in place of fifty and forty.
# domains: math, logic
# calls: 6..6

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.samples = 6
        self.voters = 3

    def forward(self, taskInfo):
        prompt = f"""Solve the task below. Think step by step: one step per line, numbered, each as small as possible.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block."""
        with ThreadPoolExecutor(self.samples) as pool:
            chains = list(pool.map(lambda _: self.llm.call_llm(prompt, 0.7), range(self.samples)))
        voters = sorted(chains, key=self.steps, reverse=True)[: self.voters]
        answers = [self.answer(chain) for chain in voters]
        return voters[answers.index(Counter(answers).most_common(1)[0][0])]

    def steps(self, chain):
        return sum(1 for line in chain.split("\n") if line.strip())

    def answer(self, chain):
        if extract_code(chain):
            return extract_code(chain)
        boxed = re.findall(r"\\boxed\{([^{}]*)\}", chain)
        tail = re.split(r"final answer", chain, flags=re.IGNORECASE)[-1]
        return (boxed[-1] if boxed else tail[:200]).strip(" :.*$\n").replace(",", "").lower()
