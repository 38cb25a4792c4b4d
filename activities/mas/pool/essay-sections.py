# name: essay-sections
# title: Outline, sections, editor
# method: An outline from three readers' questions, sections written one after another, each knowing the end of the last, and an editor's pass.
# paper: after STORM, Shao et al., 2024, arXiv:2402.14207
# domains: writing
# calls: 6..9

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.readers = ["a newcomer to the subject", "an expert", "somebody who disagrees"]
        self.most = 4

    def forward(self, taskInfo):
        with ThreadPoolExecutor(len(self.readers)) as pool:
            questions = list(pool.map(lambda reader: self.questions(taskInfo, reader), self.readers))
        text = ""
        for section in self.outline(taskInfo, questions):
            text += "\n\n" + self.write(taskInfo, section, text[-1500:])
        return self.llm.call_llm(
            f"""You are the editor. Task:
{taskInfo}

Draft:
{text[-60000:]}

Write the final version: no repetitions, one voice, a beginning and an end, and the form and length that the task wants.
If the task asks for one exact result, think step by step and close with one line "Final Answer: <answer>" (a program:
in a ```python block).""",
            0.3,
        )

    def questions(self, taskInfo, reader):
        return self.llm.call_llm(f"You are {reader}. Which three questions should a text that does this task answer for you?\n\n{taskInfo}", 0.8)

    def outline(self, taskInfo, questions):
        asked = "\n\n".join(question[:3000] for question in questions)
        reply = self.llm.call_llm(
            f"""Task:
{taskInfo}

Readers ask:
{asked}

Outline the text: two to {self.most} sections, numbered, one line each with what the section says. Leave aside questions
that do not belong.""",
            0.4,
        )
        return re.findall(r"^\s*\d{1,2}[.)]\s+(\S.{0,300})", reply, re.MULTILINE)[: self.most] or ["the whole text"]

    def write(self, taskInfo, section, before):
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

The text so far ends with:
{before or "(this is its beginning)"}

Write the next section and nothing else: {section}""",
            0.6,
        )
