# name: math-with-code
# title: Mathematics with code
# method: Writes a Python script that computes the result, runs it, mends it once if it raises, and answers from its output.
# paper: after PAL, Gao et al., 2022, arXiv:2211.10435, and Program of Thoughts, Chen et al., 2022, arXiv:2211.12588
# domains: math, science
# calls: 2..3

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        request = f"""Write a Python script that computes the answer to the task below. Use the standard library only.
Define each quantity with its unit in a comment, and store the result in a variable named `output`.
Reply with the script in a ```python block.

Task:
{taskInfo}"""
        script = extract_code(self.llm.call_llm(request, 0.2))
        result = execute_code(script)
        if "error during code execution" in result or result == "Execution Time Out":
            script = extract_code(
                self.llm.call_llm(f"{request}\n\nThis script failed:\n```python\n{script}\n```\n{result}\nMend it.", 0.2)
            )
            result = execute_code(script)
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

This script was run to answer it:
```python
{script}
```

{result}

State the answer to the task, in the form and unit that it asks for. If the script failed, solve the task step by step yourself.
Close with one line "Final Answer: <answer>".""",
            0.2,
        )
