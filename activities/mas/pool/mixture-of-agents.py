# name: mixture-of-agents
# title: Mixture of agents
# method: Layers of proposers, each reading all responses of the layer before; an aggregator writes the final response.
# paper: Wang et al., 2024, arXiv:2406.04692
# fidelity: two layers of three proposers and an aggregator; one model at three temperatures in place of six models and three layers.
# domains: any
# calls: 7..7
# aliases: moa

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.layers = 2
        self.temperatures = [0.4, 0.7, 1.0]

    def forward(self, taskInfo):
        responses = []
        for _ in range(self.layers):
            prompt = self.prompt(taskInfo, responses)
            with ThreadPoolExecutor(len(self.temperatures)) as pool:
                responses = list(pool.map(lambda temperature: self.llm.call_llm(prompt, temperature), self.temperatures))
        return self.llm.call_llm(self.prompt(taskInfo, responses), 0.2)

    def prompt(self, taskInfo, responses):
        if not responses:
            return f"Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}"
        listed = "\n\n".join(f"Response {i}:\n{response}" for i, response in enumerate(responses, 1))
        return f"""Several assistants responded to the task below. Some of what they say may be biased or wrong.

Task:
{taskInfo}

{listed}

Synthesise these responses into a single one of higher quality: evaluate them critically, keep what is well founded,
replace what is not. Do not merely repeat one of them.
{CLOSE}"""
