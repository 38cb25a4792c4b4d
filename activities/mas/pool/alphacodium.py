# name: alphacodium
# title: AlphaCodium flow
# method: Reflects on the task, weighs two approaches, codes one, and repairs it test by test; passed tests are anchors that must stay so.
# paper: Ridnik et al., 2024, arXiv:2401.08500
# fidelity: the paper's order of stages with test anchors; two approaches, three repairs, and only generated tests.
# domains: code
# calls: 7..11

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.repairs = 3

    def forward(self, taskInfo):
        reflection = self.llm.call_llm(
            f"""Describe the coding task below in bullets: goal, input, output, rules, and the details that are easily overlooked.

Task:
{taskInfo}""",
            0.3,
        )
        approach = self.approach(taskInfo, reflection)
        tests = get_test_cases(self.llm, taskInfo, get_function_signature(self.llm, taskInfo))[:8]
        reply, code = generate_and_extract_code(
            self.llm,
            f"""Task:
{taskInfo}

Notes on the task:
{reflection}

Approach:
{approach}

Write the code in small named functions. Put all of it, with its imports, between <Code Solution> and </Code Solution>.""",
            0.2,
            2,
        )
        return f"```python\n{self.iterate(taskInfo, code, tests)}\n```" if code else reply

    def approach(self, taskInfo, reflection):
        prompt = f"Task:\n{taskInfo}\n\nNotes:\n{reflection}\n\nDescribe one approach in at most six lines, with its complexity. No code."
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(lambda temperature: self.llm.call_llm(prompt, temperature), (0.4, 0.9))
        reply = self.llm.call_llm(
            f"""Task:
{taskInfo}

Approach 1:
{first}

Approach 2:
{second}

Which one is simple and robust? Choose by correctness first, and reply with its number as <<k>>.""",
            0.1,
        )
        return second if re.findall(r"<<\s*(\d)\s*>>", reply)[-1:] == ["2"] else first

    def iterate(self, taskInfo, code, tests):
        anchors, repairs = [], 0
        for test in tests:
            passed, feedback = test_code_get_feedback(code, [test])
            if not passed and repairs < self.repairs:
                repairs += 1
                repaired = self.repair(taskInfo, code, feedback)
                passed = bool(repaired) and test_code_get_feedback(repaired, [*anchors, test])[0]
                code = repaired if passed else code
            if passed:
                anchors.append(test)
        return code

    def repair(self, taskInfo, code, feedback):
        return extract_code_solution(
            self.llm.call_llm(
                f"""Task:
{taskInfo}

Your current code:
```python
{code}
```

Result of one test:
{feedback}

If the test contradicts the task, leave the code as it is; else fix it without breaking what works.
Put the whole code between <Code Solution> and </Code Solution>.""",
                0.2,
            )
        )
