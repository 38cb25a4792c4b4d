# name: self-ask
# title: Self-ask
# method: Asks itself follow-up questions one at a time, answers each from a search or its own knowledge, until the answer is clear.
# paper: Press et al., 2022, arXiv:2210.03350
# fidelity: the paper's scaffold with a search engine where the host has one; zero-shot, at most three follow-ups.
# domains: knowledge, reading
# calls: 1..7

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.most = 3

    def forward(self, taskInfo):
        notes = ""
        for _ in range(self.most):
            reply = self.llm.call_llm(
                f"""Question:
{taskInfo}
{notes}
Think step by step whether a simpler question must be answered first. If so, reply with one line "Follow up: <question>"
and nothing else.
If not, give the answer and close with one line "Final Answer: <answer>" (a program: in a ```python block).""",
                0.3,
            )
            follow_up = re.search(r"follow up\s*:\s*(.{3,300})", reply, re.IGNORECASE)
            if not follow_up or "final answer" in reply.lower():
                return reply
            question = follow_up.group(1).strip()
            notes += f"\nFollow up: {question}\nIntermediate: {self.look_up(question)}\n"
        return self.llm.call_llm(
            f"""Question:
{taskInfo}
{notes}
Answer the question now, step by step from these notes. Close with one line "Final Answer: <answer>"."""
        )

    def look_up(self, question):
        found = websearch(question)[:3]
        sources = "\n".join(str(result)[:1000] for result in found) or "no search results: rely on what you know"
        return self.llm.call_llm(f"Answer in one or two sentences, and say so if you are not certain: {question}\n\nSources:\n{sources}", 0.1)
