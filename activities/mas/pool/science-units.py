# name: science-units
# title: Science in SI units
# method: Sorts the givens into SI units, names the law, computes by a script that keeps units in its names, and checks the dimension.
# paper: -
# domains: science
# calls: 3..4

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        setting = self.llm.call_llm(
            f"""You are a physicist who minds units. For the task below write a table and no solution:
- each given quantity: symbol, value as given, value in SI units with its power of ten;
- constants that are needed, with value and unit;
- the law that connects them, solved for what is asked, and the dimension of its result;
- the unit in which the task wants the result.

Task:
{taskInfo}""",
            0.2,
        )
        request = f"""Write a Python script for the task below from this preparation. Put the unit into each variable's
name (mass_kg, time_s), compute in SI units, convert the result last into the unit that the task wants, and store it in
a variable named `output`.
Reply with the script in a ```python block.

Task:
{taskInfo}

Preparation:
{setting}"""
        script = extract_code(self.llm.call_llm(request, 0.2))
        result = execute_code(script)[:4000]
        if not result.startswith("Final output:") or result.startswith("Final output: None"):
            again = f"{request}\n\nThis script was run:\n```python\n{script}\n```\n{result}\nIt left no result. Mend it."
            script = extract_code(self.llm.call_llm(again, 0.3)) or script
            result = execute_code(script)[:4000]
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

The script that was run:
```python
{script}
```
{result}

Compare the dimension and size of the result with what one would expect, and state it in the unit of the task with at
least four digits. If the script failed, work the value out step by step yourself.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.1,
        )
