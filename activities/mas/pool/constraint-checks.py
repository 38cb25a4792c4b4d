# name: constraint-checks
# title: Instructions as executable checks
# method: Turns the demands on form into assert statements over the response, runs them on each draft, and rewrites what they catch.
# paper: for instructions as in IFEval, Zhou et al., 2023, arXiv:2311.07911
# domains: formatting, writing
# calls: 2..4

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.rewrites = 2

    def forward(self, taskInfo):
        with ThreadPoolExecutor(2) as pool:
            drafted = pool.submit(self.draft, taskInfo)
            checks = self.checks(taskInfo)
            draft = drafted.result()
        for _ in range(self.rewrites):
            if not checks:
                break
            passed, feedback = test_code_get_feedback(f"import re, json\nresponse = {draft!r}", checks)
            if passed:
                break
            draft = self.rewrite(taskInfo, draft, feedback) or draft
        return draft

    def draft(self, taskInfo):
        return self.llm.call_llm(
            f"""{taskInfo}

Do exactly what is asked above, and keep to every demand on form: length, structure, words to use or to avoid, language,
case. If one exact result is asked and no form, think step by step and close with one line "Final Answer: <answer>" (a
program: in a ```python block).""",
            0.4,
        )

    def checks(self, taskInfo):
        """Asserts that parse, over the string `response`."""
        reply = self.llm.call_llm(
            f"""Which demands on the form of the response does the task below state? Write each that a program can check as one Python assert
statement over the string `response` (re and json are imported), with the demand in words as its message. Leave out what only a
reader can judge. Reply with a JSON object {{"checks": ["assert len(response.split()) <= 100, 'at most 100 words'"]}}.

Task:
{taskInfo}""",
            0.1,
        )
        named = (parse_to_json(reply) or {}).get("checks")
        return [check for check in named if self.is_assert(check)][:12] if isinstance(named, list) else []

    def is_assert(self, check):
        try:
            return isinstance(ast.parse(check).body[0], ast.Assert)
        except (SyntaxError, ValueError, TypeError, IndexError):
            return False

    def rewrite(self, taskInfo, draft, feedback):
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

Your current response:
{draft}

Checks of its form:
{feedback}

Rewrite the response so that the failed demands are met and its content stays. A check may misread the task: then keep
to the task.
Reply with the response alone.""",
            0.3,
        )
