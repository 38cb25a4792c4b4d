# name: codet
# title: CodeT, dual agreement
# method: Runs several solutions against several tests and picks from the group that agrees most: same tests passed, many solutions, many tests.
# paper: Chen et al., 2022, arXiv:2207.10397
# fidelity: the paper's consensus score (solutions times tests of a group); four solutions and one call for tests in place of a hundred each.
# domains: code
# calls: 6..6

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.samples = 4

    def forward(self, taskInfo):
        signature = get_function_signature(self.llm, taskInfo)
        tests = get_test_cases(self.llm, taskInfo, signature)[:12]
        prompt = f"""Write a Python solution of the task below. Reason through unusual inputs first.

Task:
{taskInfo}

Signature: {signature}

Put the whole code, with its imports, between <Code Solution> and </Code Solution>."""
        with ThreadPoolExecutor(self.samples) as pool:
            drafts = list(pool.map(lambda _: generate_and_extract_code(self.llm, prompt, 0.8, 1), range(self.samples)))
            codes = [code for _, code in drafts if code]
            passed = list(pool.map(lambda code: self.passed_tests(code, tests), codes))
        if not codes:
            return drafts[0][0]
        groups = defaultdict(list)
        for code, numbers in zip(codes, passed):
            groups[numbers].append(code)
        best = max(groups, key=lambda numbers: len(numbers) * len(groups[numbers]))
        return f"```python\n{groups[best][0]}\n```"

    def passed_tests(self, code, tests):
        """The numbers of the tests that the code passes: equal for solutions that behave alike."""
        everything, feedback = test_code_get_feedback(code, tests)
        if everything:
            return tuple(range(len(tests)))
        return tuple(int(number) - 1 for number in re.findall(r"^Test (\d+) passed", feedback, re.MULTILINE))
