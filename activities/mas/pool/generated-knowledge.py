# name: generated-knowledge
# title: Generated knowledge
# method: Three sets of facts are recalled before the question is looked at closely; each gives an answer of its own, and the votes are counted.
# paper: Liu et al., 2021, arXiv:2110.08387
# fidelity: knowledge first and one answer per statement set, as in the paper; zero-shot, by count of answers in place of the likelihood.
# domains: knowledge, choice, medicine
# calls: 6..6

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.angles = ["definitions and typical properties", "history, places, people and numbers", "exceptions and common confusions"]

    def forward(self, taskInfo):
        with ThreadPoolExecutor(len(self.angles)) as pool:
            replies = list(pool.map(lambda angle: self.answer(taskInfo, self.recall(taskInfo, angle)), self.angles))
        answers = [self.stated(reply) for reply in replies]
        return replies[answers.index(Counter(answers).most_common(1)[0][0])]

    def recall(self, taskInfo, angle):
        return self.llm.call_llm(
            f"""Write down four to six facts about the subject of the question below: {angle}. One sentence each, only
what you are sure of. Do not answer the question.

Question:
{taskInfo}""",
            0.7,
        )

    def answer(self, taskInfo, facts):
        return self.llm.call_llm(
            f"""Known facts:
{facts}

Question:
{taskInfo}

Think step by step, and use the facts as far as they bear on the question.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.3,
        )

    def stated(self, reply):
        found = re.findall(r"\\boxed\{([^{}]*)\}|final answer\s*:?\**\s*(.+)", reply, re.IGNORECASE)
        return extract_code(reply) or ((found[-1][0] or found[-1][1]) if found else reply[-200:]).strip(" .*$").lower()
