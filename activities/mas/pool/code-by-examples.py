# name: code-by-examples
# title: Code by the task's own examples
# method: Reads the examples out of the task's text, runs the code on them, and traces by hand whichever fails before the repair.
# paper: after Self-Debugging, Chen et al., 2023, arXiv:2304.05128
# domains: code
# calls: 1..8

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.repairs = 3

    def forward(self, taskInfo):
        tests = self.examples(taskInfo)
        reply, code = generate_and_extract_code(
            self.llm,
            f"""Write the Python code for the task below. First restate each of its examples and why its result is what
it is.

Task:
{taskInfo}

Put the whole code, with its imports, between <Code Solution> and </Code Solution>.""",
            0.2,
            2,
        )
        for _ in range(self.repairs):
            if not code or not tests:
                break
            passed, feedback = test_code_get_feedback(code, tests)
            if passed:
                break
            code = self.repair(taskInfo, code, feedback) or code
        return f"```python\n{code}\n```" if code else reply

    def examples(self, taskInfo):
        """Asserts from doctest lines, and from lines of the form `call == value` or `call -> value`."""
        pairs = re.findall(r">>>\s*(\w+\(.*\))[ \t]*\n[ \t]*(\S[^\n]*)", taskInfo)
        pairs += re.findall(r"^\W{0,6}(?:assert\s+)?(\w+\([^\n]*?\))\s*(?:==|->|=>|➞|returns?)\s*([^\n]+?)[.;`]*$", taskInfo, re.MULTILINE)
        tests = [f"assert {call} == {value.strip()}" for call, value in pairs]
        return [test for test in tests if self.parses(test)][:10]

    def parses(self, test):
        try:
            ast.parse(test)
        except (SyntaxError, ValueError):
            return False
        return True

    def repair(self, taskInfo, code, feedback):
        shown = f"Task:\n{taskInfo}\n\nYour current code:\n```python\n{code}\n```\n\nResults of the task's examples as tests:\n{feedback}"
        trace = self.llm.call_llm(f"{shown}\n\nTrace the first failing example line by line: which line first does what it should not?", 0.2)
        return extract_code_solution(
            self.llm.call_llm(f"{shown}\n\nTrace:\n{trace}\n\nFix the code. Put all of it between <Code Solution> and </Code Solution>.", 0.2)
        )
