# name: aflow
# title: AFlow ensemble with tests
# method: Three programs are sampled, an ensemble call picks the one most alike in behaviour, and tests with reflection repair it.
# paper: Zhang et al., 2024, arXiv:2410.10762
# fidelity: one workflow of the kind its search finds for code, fixed; tests are generated, where the paper has public ones.
# domains: code
# calls: 5..12

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.samples = 3
        self.repairs = 3

    def forward(self, taskInfo):
        prompt = f"""You are an experienced Python programmer. Write a complete and efficient solution of the task below.

Task:
{taskInfo}

Put the whole code, with its imports, between <Code Solution> and </Code Solution>."""
        with ThreadPoolExecutor(self.samples) as pool:
            drafts = list(pool.map(lambda _: generate_and_extract_code(self.llm, prompt, 0.7, 2), range(self.samples)))
        codes = [code for _, code in drafts if code]
        signature = get_function_signature(self.llm, taskInfo)
        tests = get_test_cases(self.llm, taskInfo, signature)
        if not codes:
            return drafts[0][0]
        code = codes[0] if len(set(codes)) == 1 else self.ensemble(taskInfo, codes)
        for _ in range(self.repairs):
            passed, feedback = test_code_get_feedback(code, tests)
            if passed:
                break
            code = self.repair(taskInfo, code, feedback) or code
        return f"```python\n{code}\n```"

    def ensemble(self, taskInfo, codes):
        listed = "\n\n".join(f"Solution {i}:\n```python\n{code}\n```" for i, code in enumerate(codes, 1))
        reply = self.llm.call_llm(
            f"""Task:
{taskInfo}

Several programs were written for it:

{listed}

Find the approach on which most of them agree, and choose the program that carries it out best.
Close with the number of that solution as <<k>>.""",
            0.1,
        )
        found = re.findall(r"<<\s*(\d)\s*>>", reply)
        number = int(found[-1]) if found else 1
        return codes[number - 1] if 1 <= number <= len(codes) else codes[0]

    def repair(self, taskInfo, code, feedback):
        return extract_code_solution(
            self.llm.call_llm(
                f"""Task:
{taskInfo}

Your current code:
```python
{code}
```

Results of the tests:
{feedback}

Reflect on why the tests fail, then fix the code. Put the whole code between <Code Solution> and </Code Solution>.""",
                0.3,
            )
        )
