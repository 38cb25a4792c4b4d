# name: logic-search
# title: Logic puzzles by search
# method: Writes the puzzle's conditions as Python predicates, searches all assignments, mends conditions that leave none or several.
# paper: after Logic-LM, Pan et al., 2023, arXiv:2305.12295
# domains: logic, math
# calls: 3..4

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        with ThreadPoolExecutor(2) as pool:
            thought = pool.submit(self.reason, taskInfo)
            script, result = self.search(taskInfo)
            reasoning = thought.result()
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

A search over all cases was run:
```python
{script}
```
{result}

Independently, somebody reasoned:
{reasoning}

If the search states the conditions faithfully, its result holds. Otherwise weigh the reasoning. Give the answer in the
form that is asked.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.1,
        )

    def reason(self, taskInfo):
        return self.llm.call_llm(
            f"""Solve the task below by deduction, step by step: state what each condition excludes, and split into
cases only where you must.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.3,
        )

    def search(self, taskInfo):
        request = f"""Write a Python script that solves the task below by exhaustive search (itertools). One function
per condition, named after it and with the condition's words as its docstring; at most a million cases. Print the number
of assignments that meet all conditions as "solutions: <n>", and store what is asked in a variable named `output`. Reply
with the script in a ```python block.

Task:
{taskInfo}"""
        script = extract_code(self.llm.call_llm(request, 0.2))
        result = execute_code(script)[:4000]
        found = re.search(r"solutions: *(\d+)", result)
        if result.startswith("Final output:") and (not found or found.group(1) == "1"):
            return script, result
        again = f"{request}\n\nThe last script:\n```python\n{script}\n```\n{result}\nExactly one solution is expected. Mend the conditions."
        mended = extract_code(self.llm.call_llm(again, 0.3))
        return (mended, execute_code(mended)[:4000]) if mended else (script, result)
