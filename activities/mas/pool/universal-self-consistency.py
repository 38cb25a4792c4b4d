# name: universal-self-consistency
# title: Universal self-consistency
# method: Samples five answers and asks which of them is the most consistent with the others; that one is returned as it stands.
# paper: Chen et al., 2023, arXiv:2311.17311
# fidelity: selection by index over all samples, as in the paper; five samples in place of eight.
# domains: writing, code, reading, any
# calls: 6..6
# aliases: usc

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        prompt = f"""Do the task below as well as you can. Think step by step.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block."""
        with ThreadPoolExecutor(5) as pool:
            responses = list(pool.map(lambda _: self.llm.call_llm(prompt, 0.8), range(5)))
        listed = "\n\n".join(f"Response {i}:\n{response}" for i, response in enumerate(responses, 1))
        verdict = self.llm.call_llm(
            f"""These responses were given to the task below.

Task:
{taskInfo}

{listed}

Evaluate them and select the most consistent response: the one that agrees with most of the others.
Start with one sentence of reasoning, then close with its number as [[i]].""",
            0.1,
        )
        chosen = re.findall(r"\[\[\s*(\d+)\s*\]\]", verdict)
        index = int(chosen[-1][:3]) - 1 if chosen else 0
        return responses[index] if 0 <= index < len(responses) else responses[0]
