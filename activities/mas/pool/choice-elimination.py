# name: choice-elimination
# title: Options, one at a time
# method: Tests each option on its own, side by side and blind to the others, drops those that fail, and decides among the rest.
# paper: after process of elimination, Ma and Du, 2023, arXiv:2310.15575
# domains: choice, medicine, knowledge
# calls: 1..9

from utils import *

CLOSE = 'Close with one line "Final Answer: <letter>". If the task has no options: "Final Answer: <answer>", or a program in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.most = 8

    def forward(self, taskInfo):
        options = re.findall(r"^\s*\(?([A-H])[).:]\s*(\S.{0,300})", taskInfo, re.MULTILINE)[: self.most]
        if len(options) < 2:
            return self.llm.call_llm(f"Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}", 0.2)
        with ThreadPoolExecutor(len(options)) as pool:
            holds = list(pool.map(lambda option: self.holds(taskInfo, *option), options))
        left = [option for option, held in zip(options, holds) if held] or options
        if len(left) == 1:
            return f"Only option {left[0][0]} ({left[0][1]}) stands the test.\n\nFinal Answer: {left[0][0]}"
        listed = "\n".join(f"{letter}) {text}" for letter, text in left)
        return self.llm.call_llm(
            f"""Question:
{taskInfo}

These options were not ruled out when each was tested on its own:
{listed}

Compare them with each other step by step: at which word do they part, and what does the question need there?
{CLOSE}""",
            0.1,
        )

    def holds(self, taskInfo, letter, text):
        verdict = self.llm.call_llm(
            f"""Question:
{taskInfo}

Proposed solution: {text}
Final Answer: {letter}

Check this option alone, as if it were a statement: is it true, and does it answer exactly what is asked? Search for one
fact that rules it out. Close with "The solution is sound" if there is none, else with "The solution has a weak point".""",
            0.2,
        )
        return "weak point" not in verdict.lower()
