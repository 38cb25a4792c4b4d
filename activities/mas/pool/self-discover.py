# name: self-discover
# title: Self-Discover
# method: Selects reasoning modules that suit the task, adapts them, lays them out as a plan with fields to fill, and solves by filling it.
# paper: Zhou et al., 2024, arXiv:2402.03620
# fidelity: select, adapt, implement and solve as in the paper; per query in place of per task family, fifteen modules in place of 39.
# domains: logic, math, knowledge
# calls: 4..4

from utils import *

MODULES = """1. List the givens and what is asked.  2. Break the problem into parts.  3. Simplify: solve a smaller case first.
4. Work backward from the goal.  5. Look for a contradiction.  6. Enumerate the cases.  7. Draw a table or a diagram in words.
8. Set up equations.  9. Find an analogy.  10. Question the assumptions.  11. Estimate before you calculate.
12. Take the view of a critic.  13. Check units and extreme values.  14. Recall definitions and facts.  15. Weigh the evidence for each option."""


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        modules = MODULES
        for request in (
            "Select the three to five reasoning modules that are crucial for the task. Give them as a list.",
            "Rewrite each selected module so that it says what it means for this very task.",
            "Make of them a structure to follow: numbered fields with a name and an empty value each, in the order in which they can be filled.",
        ):
            modules = self.llm.call_llm(f"{request} Do not solve the task.\n\nReasoning modules:\n{modules}\n\nTask:\n{taskInfo}", 0.3)
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

Structure:
{modules}

Follow the structure step by step and fill in the value of every field; then draw the conclusion.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.2,
        )
