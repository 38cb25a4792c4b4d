# name: llm-debate
# title: LLM-Debate
# method: Three agents answer, read the others' answers once, revise their own, and a moderator decides.
# paper: Du et al., 2023, arXiv:2305.14325
# fidelity: three agents and two rounds as in the paper; a moderator in place of the vote over the last answers.
# domains: math, science, choice, knowledge
# calls: 7..7
# aliases: debate

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.agents = 3

    def forward(self, taskInfo):
        opening = f"Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}"
        answers = self.ask([opening] * self.agents)
        answers = self.ask([self.second_round(taskInfo, answers, own) for own in range(self.agents)])
        listed = "\n\n".join(f"Agent {i}:\n{answer}" for i, answer in enumerate(answers, 1))
        return self.llm.call_llm(
            f"""You moderate a debate about a task. Decide which answer the debate supports best.

Task:
{taskInfo}

{listed}

{CLOSE}""",
            0.2,
        )

    def ask(self, prompts):
        with ThreadPoolExecutor(self.agents) as pool:
            return list(pool.map(lambda prompt: self.llm.call_llm(prompt, 0.7), prompts))

    def second_round(self, taskInfo, answers, own):
        others = "\n\n".join(f"Agent {i + 1}:\n{answer}" for i, answer in enumerate(answers) if i != own)
        return f"""Task:
{taskInfo}

Your earlier answer:
{answers[own]}

These are the answers of other agents:

{others}

Treat them as advice and examine each critically. Then give your updated answer, reasoned step by step.
{CLOSE}"""
