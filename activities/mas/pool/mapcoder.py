# name: mapcoder
# title: MapCoder
# method: Recalls similar problems, plans after each, and codes and debugs the plans in order of confidence until the tests pass.
# paper: Islam et al., 2024, arXiv:2405.11403
# fidelity: the four agents in the paper's order; k = 3 plans and t = 2 repairs each, in place of 5 and 5; tests are generated.
# domains: code
# calls: 5..18

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.exemplars = 3
        self.repairs = 2

    def forward(self, taskInfo):
        exemplars = self.retrieve(taskInfo)
        with ThreadPoolExecutor(len(exemplars)) as pool:
            plans = sorted(pool.map(lambda exemplar: self.plan(taskInfo, exemplar), exemplars), key=self.confidence, reverse=True)
        tests = get_test_cases(self.llm, taskInfo, get_function_signature(self.llm, taskInfo))
        reply, code = "", ""
        for plan in plans:
            reply, drafted = generate_and_extract_code(self.llm, self.coding(taskInfo, plan), 0.2, 2)
            code = drafted or code
            passed, code = self.debug(taskInfo, plan, code, tests)
            if passed:
                break
        return f"```python\n{code}\n```" if code else reply

    def retrieve(self, taskInfo):
        reply = self.llm.call_llm(
            f"""Recall {self.exemplars} known problems that are similar to the task below but not the same. For each
write a line "Problem <number>:" and below it the problem in short, the algorithm behind it, and how its solution goes.
Do not solve the task.

Task:
{taskInfo}""",
            0.5,
        )
        sections = re.split(r"^\W*Problem \d+\W*:?", reply, flags=re.MULTILINE)[1:]
        return [section.strip() for section in sections][: self.exemplars] or [reply]

    def plan(self, taskInfo, exemplar):
        return self.llm.call_llm(
            f"""Here is a problem similar to the task, with its solution:
{exemplar}

Task:
{taskInfo}

Write a concrete plan for the task, numbered, that minds the edge cases. No code.
End with one line "Confidence: <0 to 100>": how sure you are that the plan is right.""",
            0.5,
        )

    def confidence(self, plan):
        found = re.findall(r"confidence\W{0,5}(\d{1,3})", plan, re.IGNORECASE)
        return int(found[-1]) if found else 50

    def coding(self, taskInfo, plan):
        return f"""Task:
{taskInfo}

Plan:
{plan}

Carry out the plan in Python. Put the whole code, with its imports, between <Code Solution> and </Code Solution>."""

    def debug(self, taskInfo, plan, code, tests):
        passed, feedback = test_code_get_feedback(code, tests)
        for _ in range(self.repairs):
            if passed or not code:
                break
            reply = self.llm.call_llm(
                f"{self.coding(taskInfo, plan)}\n\nYour current code:\n```python\n{code}\n```\n\nResults of the tests:\n{feedback}\n\n"
                "Find where the code departs from the plan or the plan from the task, and fix the code.",
                0.2,
            )
            code = extract_code_solution(reply) or code
            passed, feedback = test_code_get_feedback(code, tests)
        return passed, code
