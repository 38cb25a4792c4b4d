# name: finance-figures
# title: Financial figures
# method: Two analysts read the figures out of text and tables, a controller settles differences, and a script does all arithmetic.
# paper: after FinQA, Chen et al., 2021, arXiv:2109.00122 (facts first, then a program over them)
# domains: finance, data
# calls: 5..6

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        readers = ["Read the tables first: row, column, header, footnote.", "Read the running text first: it may restate or restrict a table."]
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(lambda reader: self.read(taskInfo, reader), readers)
        figures = self.settle(taskInfo, first, second)
        request = f"""Write a Python script that answers the question below from these figures only. Bring all of them
to one scale (thousands or millions; per cent as fractions), then compute, and store the result in the unit of the
question in a variable named `output`.
Reply with the script in a ```python block.

Question with its documents:
{taskInfo}

Figures:
{figures}"""
        script = extract_code(self.llm.call_llm(request, 0.1))
        result = execute_code(script)[:4000]
        if not result.startswith("Final output:"):
            script = extract_code(self.llm.call_llm(f"{request}\n\nThe last script failed:\n{result}\nMend it.", 0.3)) or script
            result = execute_code(script)[:4000]
        return self.llm.call_llm(
            f"""Question with its documents:
{taskInfo}

The script that was run:
```python
{script}
```
{result}

State the answer as the question wants it: sign (a fall is negative), per cent or amount, currency, rounding. If the
script failed, compute step by step yourself. Close with one line "Final Answer: <answer>".""",
            0.1,
        )

    def read(self, taskInfo, manner):
        return self.llm.call_llm(
            f"""You are a financial analyst. {manner} List every figure that the question below needs: name, period,
value, scale, and the words or the cell it was taken from. Do not compute.

{taskInfo}""",
            0.5,
        )

    def settle(self, taskInfo, first, second):
        return self.llm.call_llm(
            f"""Two analysts took figures from the same documents.

{taskInfo}

The first read:
{first}

The second read:
{second}

As controller go through both lists, settle every difference by the documents, and give one list. Do not compute.""",
            0.1,
        )
