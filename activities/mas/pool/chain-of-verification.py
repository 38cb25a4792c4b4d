# name: chain-of-verification
# title: Chain of verification
# method: Drafts an answer, plans questions that would expose its errors, answers each without sight of the draft, and revises.
# paper: Dhuliawala et al., 2023, arXiv:2309.11495
# fidelity: the paper's factored variant; at most four questions, answered side by side.
# domains: knowledge, reading, medicine
# calls: 4..7

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.most = 4

    def forward(self, taskInfo):
        draft = self.llm.call_llm(f"Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}")
        questions = self.questions(taskInfo, draft)
        with ThreadPoolExecutor(len(questions)) as pool:
            answers = list(pool.map(lambda question: self.answer(taskInfo, question), questions))
        found = "\n\n".join(f"Question: {question}\nFound: {answer}" for question, answer in zip(questions, answers))
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

Your draft answer:
{draft}

The facts behind it were looked into independently of the draft:
{found}

Where the findings contradict the draft, trust the better founded of the two. Write the corrected answer, reasoned
step by step.
{CLOSE}""",
            0.2,
        )

    def questions(self, taskInfo, draft):
        reply = self.llm.call_llm(
            f"""Task:
{taskInfo}

Draft:
{draft}

Which facts does the draft rest on? Write up to {self.most} short questions, numbered, whose answers would show whether
these facts hold.
Each must be understandable without the draft.""",
            0.3,
        )
        planned = re.findall(r"^\s*\d{1,2}[.)]\s+(\S.{0,300}\?)", reply, re.MULTILINE)[: self.most]
        return planned or ["Which facts decide this task, and what is certain about each?", "What would a first guess get wrong here?"]

    def answer(self, taskInfo, question):
        return self.llm.call_llm(f"{question}\n\nAnswer in at most three sentences. It is asked on account of this task:\n{taskInfo}", 0.2)
