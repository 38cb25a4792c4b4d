# name: reflexion
# title: Reflexion
# method: Writes code, runs self-written tests, puts into words what went wrong, and tries again with these lessons in memory.
# paper: Shinn et al., 2023, arXiv:2303.11366
# fidelity: actor, self-written tests, self-reflection and a memory of three lessons as in the paper; three trials.
# domains: code
# calls: 3..10

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.trials = 3

    def forward(self, taskInfo):
        tests = get_test_cases(self.llm, taskInfo, get_function_signature(self.llm, taskInfo))
        lessons = []
        reply, code = generate_and_extract_code(self.llm, self.actor(taskInfo, lessons), 0.2, 2)
        for _ in range(self.trials - 1):
            if not code:
                return reply
            passed, feedback = test_code_get_feedback(code, tests)
            if passed:
                break
            lessons.append(self.reflect(taskInfo, code, feedback))
            _, again = generate_and_extract_code(self.llm, self.actor(taskInfo, lessons), 0.4, 2)
            code = again or code
        return f"```python\n{code}\n```" if code else reply

    def actor(self, taskInfo, lessons):
        memory = "\n".join(f"- {lesson}" for lesson in lessons)
        return f"""You are a Python programmer. Task:
{taskInfo}

Lessons from your earlier trials:
{memory or "- this is the first trial"}

Put the whole code, with its imports, between <Code Solution> and </Code Solution>."""

    def reflect(self, taskInfo, code, feedback):
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

Your code of this trial:
```python
{code}
```

Results of your tests:
{feedback}

In two or three sentences: what did the code get wrong, and what will you do otherwise in the next trial? A test may be
wrong itself; then say so. Do not write code.""",
            0.3,
        )
