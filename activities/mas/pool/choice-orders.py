# name: choice-orders
# title: Options in four orders
# method: Answers with the options weighed in four different orders, so that no place is favoured; a vote decides, a judge breaks a tie.
# paper: after studies of order bias, Pezeshkpour and Hruschka, 2023, arXiv:2308.11483
# domains: choice
# calls: 4..5

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.orders = 4

    def forward(self, taskInfo):
        letters = list(dict.fromkeys(re.findall(r"^\s*\(?([A-H])[).:]\s*\S", taskInfo, re.MULTILINE)))
        turned = [letters[i % max(1, len(letters)) :] + letters[: i % max(1, len(letters))] for i in range(self.orders)]
        with ThreadPoolExecutor(self.orders) as pool:
            replies = list(pool.map(lambda order: self.llm.call_llm(self.prompt(taskInfo, order), 0.5), turned))
        votes = Counter(self.letter(reply) for reply in replies).most_common(2)
        if len(votes) == 1 or votes[0][1] > votes[1][1]:
            return next(reply for reply in replies if self.letter(reply) == votes[0][0])
        listed = "\n\n".join(f"Answer {i}:\n{reply}" for i, reply in enumerate(replies, 1))
        return self.llm.call_llm(
            f"""Question:
{taskInfo}

The vote is tied:

{listed}

Judge by the reasons which answer is right.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.1,
        )

    def prompt(self, taskInfo, order):
        advice = f"Weigh the options in this order: {', '.join(order)}. Write one line for and one against each." if order else ""
        return f"""Answer the question below. Think step by step. {advice}

Question:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block."""

    def letter(self, reply):
        found = re.findall(r"final answer\W*([A-H])\b", reply, re.IGNORECASE)
        return found[-1].upper() if found else (extract_code(reply) or reply.strip()[-80:].lower())
