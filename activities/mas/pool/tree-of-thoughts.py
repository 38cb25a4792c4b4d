# name: tree-of-thoughts
# title: Tree of thoughts
# method: A search of two levels over partial solutions: three openings, each valued; the best two are carried on twice and valued again.
# paper: Yao et al., 2023, arXiv:2305.10601
# fidelity: breadth-first search with value prompts (sure, likely, impossible) as in the paper; depth 2, breadth 2, values asked once.
# domains: math, logic
# calls: 15..15

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.kept = 2

    def forward(self, taskInfo):
        openings = self.ask([self.opening(taskInfo)] * 3, 0.8)
        paths = self.best(taskInfo, openings)
        longer = self.ask([self.next_step(taskInfo, path) for path in paths for _ in range(2)], 0.8)
        grown = [f"{paths[i // 2]}\n{step}" for i, step in enumerate(longer)]
        path = self.best(taskInfo, grown)[0]
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

The most promising line of thought so far:
{path}

Follow it to the end, step by step.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.2,
        )

    def ask(self, prompts, temperature):
        with ThreadPoolExecutor(len(prompts)) as pool:
            return list(pool.map(lambda prompt: self.llm.call_llm(prompt, temperature), prompts))

    def opening(self, taskInfo):
        return f"Think carefully and propose one possible first step towards the solution of the task, with its result.\n\nTask:\n{taskInfo}"

    def next_step(self, taskInfo, path):
        return f"Task:\n{taskInfo}\n\nSteps so far:\n{path}\n\nThink carefully and propose the next step, with its result."

    def best(self, taskInfo, paths):
        """The paths of highest value; of equal ones the earlier."""
        values = self.ask([self.value_prompt(taskInfo, path) for path in paths], 0.2)
        return [path for _, path in sorted(zip(map(self.value, values), paths), key=lambda pair: -pair[0])][: self.kept]

    def value_prompt(self, taskInfo, path):
        return f"""Task:
{taskInfo}

Steps so far:
{path}

Can these steps still lead to the solution? Give your reason in one sentence, then close with one word: sure, likely or
impossible."""

    def value(self, reply):
        words = re.findall(r"\b(sure|likely|impossible)\b", reply.lower())
        return {"sure": 2.0, "likely": 1.0, "impossible": 0.0}[words[-1]] if words else 1.0
