# name: script-ensemble
# title: Three derivations by script
# method: Three scripts from three starting points are run; two results within one per cent settle the value, else it is derived anew.
# paper: -
# domains: science, finance, math
# calls: 4..4

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.starts = [
            "Start from the general law and insert the numbers last.",
            "Insert the numbers at once and print every intermediate value.",
            "Work by another route than the obvious one: a conservation law, a balance, a simulation in small steps.",
        ]

    def forward(self, taskInfo):
        with ThreadPoolExecutor(len(self.starts)) as pool:
            scripts = list(pool.map(lambda start: self.script(taskInfo, start), self.starts))
            results = list(pool.map(lambda script: execute_code(script)[:4000], scripts))
        values = [self.value(result) for result in results]
        agreed = next((one for one, other in itertools.combinations(values, 2) if self.close(one, other)), None)
        if agreed is None:
            return self.settle(taskInfo, scripts, results)
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

Independent scripts agree on the value.
Final output: {agreed!r}

State it as the answer, in the form and unit that the task asks for. Close with one line "Final Answer: <answer>".""",
            0.1,
        )

    def script(self, taskInfo, start):
        reply = self.llm.call_llm(
            f"""Write a Python script that computes the answer to the task below; numpy is there as np. {start}
Mind units and powers of ten. Store the result, a plain number in the unit asked for, in a variable named `output`.
Reply with the script in a ```python block.

Task:
{taskInfo}""",
            0.6,
        )
        return extract_code(reply)

    def value(self, result):
        found = re.match(r"Final output:\s*(\S+)", result)
        try:
            return float(found.group(1)) if found else None
        except ValueError:
            return None

    def close(self, one, other):
        return one is not None and other is not None and math.isclose(one, other, rel_tol=0.01)

    def settle(self, taskInfo, scripts, results):
        listed = "\n\n".join(f"```python\n{script}\n```\n{result}" for script, result in zip(scripts, results))
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

Three scripts were run for it and do not agree:

{listed}

Find out which of them is wrong and where, then derive the answer step by step yourself.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.2,
        )
