# name: chatdev
# title: ChatDev waterfall
# method: Design, coding, review and testing as phases of a small software company, each with its own role and bounded loop.
# paper: Qian et al., 2023, arXiv:2307.07924
# fidelity: the waterfall's phases for one function; each phase's dialogue is one exchange, and no documents are written.
# domains: code
# calls: 3..11

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.reviews = 2
        self.repairs = 2

    def forward(self, taskInfo):
        design = self.llm.call_llm(
            f"""You are the chief technology officer of a small software company. Outline the design for the customer's
request:
data structures, algorithm, unusual inputs. No code yet, at most ten lines.

Request:
{taskInfo}""",
            0.4,
        )
        reply, code = generate_and_extract_code(self.llm, self.coding(taskInfo, design), 0.2, 2)
        if not code:
            return reply
        code = self.review(taskInfo, code)
        code = self.test(taskInfo, code)
        return f"```python\n{code}\n```"

    def coding(self, taskInfo, design):
        return f"""You are the programmer. Write the code for the customer's request by the officer's design.

Request:
{taskInfo}

Design:
{design}

Put the whole code, with its imports, between <Code Solution> and </Code Solution>. If no program is asked for, solve
the request step by step and close with one line "Final Answer: <answer>"."""

    def review(self, taskInfo, code):
        for _ in range(self.reviews):
            comment = self.llm.call_llm(
                f"""You are the code reviewer. Review the program below against the request and point out its most
serious defect.
Begin with "The solution is sound" if there is none.

Request:
{taskInfo}

Program:
```python
{code}
```""",
                0.3,
            )
            if "is sound" in comment.lower():
                break
            code = self.change(taskInfo, code, f"The reviewer says:\n{comment}") or code
        return code

    def test(self, taskInfo, code):
        tests = get_test_cases(self.llm, taskInfo, get_function_signature(self.llm, taskInfo))
        for _ in range(self.repairs):
            passed, feedback = test_code_get_feedback(code, tests)
            if passed:
                break
            code = self.change(taskInfo, code, f"The tester reports:\n{feedback}") or code
        return code

    def change(self, taskInfo, code, report):
        prompt = f"""You are the programmer. Request:
{taskInfo}

Your current code:
```python
{code}
```

{report}

Write the improved code. Put all of it between <Code Solution> and </Code Solution>."""
        return extract_code_solution(self.llm.call_llm(prompt, 0.2))
