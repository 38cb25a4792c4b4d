# name: code-with-tests
# title: Code with tests
# method: Writes the code and test cases, runs the tests, and repairs the code by what they show, at most three times.
# paper: after CodeT, Chen et al., 2022, arXiv:2207.10397, and Self-Debugging, Chen et al., 2023, arXiv:2304.05128
# domains: code
# calls: 3..14

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.repairs = 3

    def forward(self, taskInfo):
        signature = get_function_signature(self.llm, taskInfo)
        tests = get_test_cases(self.llm, taskInfo, signature)
        reply, code = generate_and_extract_code(
            self.llm,
            f"""You are a careful Python programmer. Solve the task below.

Task:
{taskInfo}

Signature: {signature}

Put the whole code, with its imports, between <Code Solution> and </Code Solution>.""",
        )
        for _ in range(self.repairs):
            if not code or not tests:
                break
            passed, feedback = test_code_get_feedback(code, tests)
            if passed:
                break
            reply, repaired = generate_and_extract_code(
                self.llm,
                f"""You are debugging Python code. A test may itself be wrong: the task's own words decide.

Task:
{taskInfo}

Your current code:
```python
{code}
```

Results of the tests:
{feedback}

Fix the code. Put the whole code, with its imports, between <Code Solution> and </Code Solution>.""",
                0.3,
            )
            code = repaired or code
        return f"```python\n{code}\n```" if code else reply
