# name: data-analysis
# title: Data analysis with pandas
# method: Plans the analysis, loads the data of the query into pandas by script, prints checks along with the result, and interprets them.
# paper: -
# domains: data, finance, science
# calls: 3..5

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.mends = 2

    def forward(self, taskInfo):
        plan = self.llm.call_llm(
            f"""You are a data analyst. Plan how to answer the question below from the data it holds: which columns of
which type, what is missing or doubtful in the data, which grouping, measure or test, and what form the result has. No
code.

{taskInfo}""",
            0.3,
        )
        request = f"""Write a Python script for the analysis below. Put the data into a pandas DataFrame (pd and np are
there), print its shape and dtypes and every intermediate table of at most ten rows, and store the result in a variable
named `output`.
Reply with the script in a ```python block.

{taskInfo}

Plan:
{plan}"""
        script = extract_code(self.llm.call_llm(request, 0.2))
        result = execute_code(script, timeout=60)[:8000]
        for _ in range(self.mends):
            if result.startswith("Final output:"):
                break
            again = f"{request}\n\nThe last script:\n```python\n{script}\n```\n{result}\nMend it."
            script = extract_code(self.llm.call_llm(again, 0.3)) or script
            result = execute_code(script, timeout=60)[:8000]
        return self.llm.call_llm(
            f"""{taskInfo}

The analysis was run:
```python
{script}
```
{result}

Interpret the result for the person who asked: what it says, how sure it is, and what in the data limits it. Do not
claim what the script did not show; if it failed, reason step by step from the data.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.2,
        )
