# name: translate-review
# title: Translation with two reviewers
# method: A close draft goes to a reviewer for accuracy and one for style, side by side; an editor makes the final version of both.
# paper: -
# domains: translation, writing
# calls: 4..4

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        draft = self.llm.call_llm(
            f"""You are a translator. Do the task below closely to the original: every statement, name and number,
nothing added. If it is no translation, do it in plain words, step by step, and close with one line "Final Answer:
<answer>" (a program: in a ```python block).

{taskInfo}""",
            0.3,
        )
        duties = [
            "accuracy: omissions, additions, wrong sense, names, numbers, terms that change from place to place",
            "style: what no native writer would say, wrong register, rhythm, idioms carried over word by word",
        ]
        with ThreadPoolExecutor(2) as pool:
            accuracy, style = pool.map(lambda duty: self.review(taskInfo, draft, duty), duties)
        return self.llm.call_llm(
            f"""You are the editor and have the last word.

Task:
{taskInfo}

Your current draft with its result:
{draft}

On accuracy:
{accuracy}

On style:
{style}

Write the revised version: follow each remark that holds, accuracy before style. Reply with the finished text alone; if
the task asks for one exact result, close with one line "Final Answer: <answer>" (a program: in a ```python block).""",
            0.2,
        )

    def review(self, taskInfo, draft, duty):
        return self.llm.call_llm(
            f"""Review the draft below for {duty}. Quote each place, say what is wrong with it and what should stand
there, at most eight places.

Task:
{taskInfo}

Draft:
{draft}""",
            0.4,
        )
