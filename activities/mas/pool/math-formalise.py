# name: math-formalise
# title: Mathematics by equations
# method: Translates the problem into named quantities and equations, solves these by script, and puts the result back into the text.
# paper: after declarative formalisation, He-Yueya et al., 2023, arXiv:2304.09102
# domains: math
# calls: 4..5

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        equations = self.llm.call_llm(
            f"""Translate the problem below into mathematics; do not solve it. One line per quantity, "name = value
(what it is, unit)", with "?" for unknown values; then one line per equation between them; then one line "asked:
<name>".

Problem:
{taskInfo}""",
            0.2,
        )
        result = self.solve(taskInfo, equations)
        answer = self.state(taskInfo, equations, result)
        verdict = self.llm.call_llm(
            f"""Problem:
{taskInfo}

Solution:
{answer}

Put the result back into the text of the problem and check whether every sentence of it comes true. Close with "The
solution is sound" if all do, else with "The solution has a weak point" and the sentence that does not.""",
            0.2,
        )
        if "weak point" not in verdict.lower():
            return answer
        return self.llm.call_llm(
            f"""Problem:
{taskInfo}

Your previous solution:
{answer}

A check by insertion says:
{verdict}

Solve the problem again step by step and write the corrected solution.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.3,
        )

    def solve(self, taskInfo, equations):
        reply = self.llm.call_llm(
            f"""Write a Python script that solves the equations below exactly (use fractions.Fraction, or
numpy.linalg.solve for linear systems), and stores the value that is asked in a variable named `output`. Reply with the
script in a ```python block.

Problem:
{taskInfo}

Quantities and equations:
{equations}""",
            0.2,
        )
        return execute_code(extract_code(reply))[:4000]

    def state(self, taskInfo, equations, result):
        return self.llm.call_llm(
            f"""Problem:
{taskInfo}

Quantities and equations:
{equations}

A script solved them.
{result}

State the solution step by step, and the result in the form that the problem asks for. If the script failed, solve the
equations yourself.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.2,
        )
