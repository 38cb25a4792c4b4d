# name: skeleton-of-thought
# title: Skeleton of thought
# method: Writes the skeleton of the answer first, expands all its points side by side, and joins them without a further call.
# paper: Ning et al., 2023, arXiv:2307.15337
# fidelity: skeleton, parallel expansion and joining as in the paper; tasks with one exact result are answered directly, as its router does.
# domains: writing, knowledge
# calls: 2..7

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.most = 6

    def forward(self, taskInfo):
        skeleton = self.llm.call_llm(
            f"""You organise an answer. Give only its skeleton: three to {self.most} numbered points of three to five
words each, which together answer the task below. If the task asks for one exact result (a number, a letter, a name, a
program), reply with the word NONE instead.

Task:
{taskInfo}""",
            0.3,
        )
        points = re.findall(r"^\s*\d{1,2}[.)]\s+(\S.{0,200})", skeleton, re.MULTILINE)[: self.most]
        if len(points) < 2 or "NONE" in skeleton:
            return self.llm.call_llm(
                f"""Task:
{taskInfo}

Think step by step. Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole
code in a ```python block.""",
                0.3,
            )
        outline = "\n".join(f"{i}. {point}" for i, point in enumerate(points, 1))
        with ThreadPoolExecutor(len(points)) as pool:
            texts = list(pool.map(lambda point: self.expand(taskInfo, outline, point), points))
        return "\n\n".join(f"{i}. {text.strip()[:20000]}" for i, text in enumerate(texts, 1))

    def expand(self, taskInfo, outline, point):
        return self.llm.call_llm(
            f"""You write one point of an answer; others write the rest.

Task:
{taskInfo}

Skeleton of the answer:
{outline}

Write this point and no other, in two to four sentences: {point}""",
            0.4,
        )
