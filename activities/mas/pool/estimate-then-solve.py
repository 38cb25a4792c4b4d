# name: estimate-then-solve
# title: Estimate, then solve
# method: One agent bounds the result by rough reasoning while another solves; a result outside the bounds is worked out again.
# paper: -
# domains: math, science, finance
# calls: 2..3

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        with ThreadPoolExecutor(2) as pool:
            bounds = pool.submit(self.bounds, taskInfo)
            solved = pool.submit(self.solve, taskInfo)
            (low, high), solution = bounds.result(), solved.result()
        value = self.value(solution)
        if value is None or low <= value <= high:
            return solution
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

Your earlier solution:
{solution}

A rough estimate made independently puts the result between {low:g} and {high:g}. Either the solution has a slip (a
unit, a power of ten, a misread condition) or the estimate is too narrow. Rethink both step by step, and write the
corrected solution.
Close with one line "Final Answer: <answer>".""",
            0.3,
        )

    def solve(self, taskInfo):
        return self.llm.call_llm(
            f"""Solve the task below. Think step by step, with the unit of every value.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.3,
        )

    def bounds(self, taskInfo):
        """Lower and upper bound; no bounds for a reply without two numbers."""
        reply = self.llm.call_llm(
            f"""Without solving the task below exactly: between which bounds must its result lie, in the unit that it asks for? Use round numbers
and common sense, and be generous. Reply with a JSON object {{"reasoning": "...", "low": 0, "high": 100}}.

Task:
{taskInfo}""",
            0.5,
        )
        named = parse_to_json(reply) or {}
        low, high = named.get("low"), named.get("high")
        if all(isinstance(bound, (int, float)) for bound in (low, high)) and low < high:
            return low, high
        return -math.inf, math.inf

    def value(self, solution):
        stated = re.findall(r"final answer\W*?(-?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?)", solution, re.IGNORECASE)
        return float(stated[-1].replace(",", "")) if stated else None
