# name: mad
# title: MAD, debate with a judge
# method: An affirmative and a negative side argue tit for tat; a judge ends the debate when one side convinces, at most three rounds.
# paper: Liang et al., 2023, arXiv:2305.19118
# fidelity: two debaters, adaptive break and three rounds as in the paper; temperature 0.5 in place of 0, the negative side may agree.
# domains: math, science, knowledge, logic
# calls: 3..10

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.rounds = 3

    def forward(self, taskInfo):
        affirmative, negative = "", ""
        for _ in range(self.rounds):
            affirmative = self.speak(taskInfo, "affirmative", affirmative, negative)
            negative = self.speak(taskInfo, "negative", negative, affirmative)
            winner = self.judge(taskInfo, affirmative, negative)
            if winner:
                return affirmative if winner == 1 else negative
        return self.llm.call_llm(
            f"""You are the judge of a debate that ended without a winner.

Task:
{taskInfo}

Answer 1 (affirmative side):
{affirmative}

Answer 2 (negative side):
{negative}

Summarise what each side got right, then decide and give the answer yourself.
{CLOSE}""",
            0.1,
        )

    def speak(self, taskInfo, side, own, opponent):
        if not opponent:
            return self.llm.call_llm(
                f"You open a debate as its {side} side. Solve the task below, think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}"
            )
        return self.llm.call_llm(
            f"""You are the {side} side of a debate. It is not necessary to agree: the aim is the right answer.

Task:
{taskInfo}

Your previous answer:
{own or "none yet"}

The opponent says:
{opponent}

Attack the weakest step of the opponent, then give your updated answer, reasoned step by step.
{CLOSE}"""
        )

    def judge(self, taskInfo, affirmative, negative):
        """1 or 2 for a side that convinced, 0 to go on."""
        reply = self.llm.call_llm(
            f"""You are the judge of a debate. Task:
{taskInfo}

Answer 1 (affirmative side):
{affirmative}

Answer 2 (negative side):
{negative}

Decide whether one side has the right answer beyond doubt.
Reply with a JSON object {{"reason": "...", "winner": 1}}: 1 or 2, or 0 if the debate should go on.""",
            0.1,
        )
        winner = (parse_to_json(reply) or {}).get("winner")
        return int(winner) if str(winner) in ("1", "2") else 0
