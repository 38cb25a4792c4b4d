# name: program-vote
# title: Program of thoughts with a vote
# method: Five scripts are written independently and run; the most frequent output wins, and one call states it as the answer.
# paper: Chen et al., 2022, arXiv:2211.12588 (with self-consistency)
# fidelity: scripts, interpreter and vote over outputs as in the paper; five samples in place of forty, numbers compared to six digits.
# domains: math, finance, science
# calls: 6..6

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.samples = 5

    def forward(self, taskInfo):
        request = f"""Write a Python script that computes the answer to the task below. Name its variables after the
quantities of the task, and store the result in a variable named `output`. Reply with the script in a ```python block.

Task:
{taskInfo}"""
        with ThreadPoolExecutor(self.samples) as pool:
            scripts = list(pool.map(lambda _: extract_code(self.llm.call_llm(request, 0.7)), range(self.samples)))
            results = list(pool.map(execute_code, scripts))
        outputs = [self.output_of(result) for result in results]
        votes = Counter(output for output in outputs if output)
        if not votes:
            return self.llm.call_llm(
                f'Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\nClose with one line "Final Answer: <answer>".', 0.2
            )
        winner, count = votes.most_common(1)[0]
        script = scripts[outputs.index(winner)]
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

{count} of {self.samples} independent scripts agree on this result. One of them:
```python
{script}
```

Final output: {winner}

State the answer to the task, in the form and unit that it asks for.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.1,
        )

    def output_of(self, result):
        """What the script left in `output`, equal for equal numbers; "" if it failed."""
        found = re.match(r"Final output:[ \t]*(.*)", result)
        text = found.group(1).strip()[:200] if found else ""
        try:
            return f"{float(text):.6g}"
        except ValueError:
            return "" if text == "None" else text
