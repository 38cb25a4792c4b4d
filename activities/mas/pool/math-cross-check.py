# name: math-cross-check
# title: Mathematics, reasoning against code
# method: A derivation and a script run side by side; if their numbers agree the derivation stands, else an arbiter finds the slip.
# paper: after Automatic Model Selection, Zhao et al., 2023, arXiv:2305.14333
# domains: math, finance
# calls: 2..3

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        with ThreadPoolExecutor(2) as pool:
            derived = pool.submit(self.derive, taskInfo)
            computed = pool.submit(self.compute, taskInfo)
            derivation, (script, result) = derived.result(), computed.result()
        if self.agree(derivation, result):
            return derivation
        return self.llm.call_llm(
            f"""Two colleagues worked on the task below and do not agree.

Task:
{taskInfo}

The first derived:
{derivation}

The second wrote a script:
```python
{script}
```
{result}

Find the step at which one of them went wrong, think it through, and give the answer that holds.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.2,
        )

    def derive(self, taskInfo):
        return self.llm.call_llm(
            f"""You are a mathematician. Derive the answer to the task below step by step, without code.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.3,
        )

    def compute(self, taskInfo):
        script = extract_code(
            self.llm.call_llm(
                f"""You are a programmer. Write a Python script that computes the answer to the task below: enumerate or
simulate where that is simple, and store the result in a variable named `output`. Reply with the script in a ```python block.

Task:
{taskInfo}""",
                0.2,
            )
        )
        return script, execute_code(script)[:4000]

    def agree(self, derivation, result):
        number = r"-?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?"
        stated = re.findall(rf"final answer\W*({number})", derivation, re.IGNORECASE)
        output = re.match(rf"Final output:\s*({number})\s", result)
        if not stated or not output:
            return False
        one, other = (float(text.replace(",", "")) for text in (stated[-1], output.group(1)))
        return math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-9)
