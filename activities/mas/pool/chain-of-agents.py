# name: chain-of-agents
# title: Chain of agents
# method: Cuts a long text into pieces that workers read one after another, each handing on its notes; a manager answers from them.
# paper: Zhang et al., 2024, arXiv:2406.02818
# fidelity: workers in a row and a manager as in the paper; at most four pieces, and the manager sees the task as well.
# domains: reading
# calls: 2..5

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.workers = 4
        self.least = 1500

    def forward(self, taskInfo):
        question = taskInfo[-600:]
        notes = "none yet"
        pieces = self.pieces(taskInfo)
        for number, piece in enumerate(pieces, 1):
            notes = self.llm.call_llm(
                f"""You read piece {number} of {len(pieces)} of a long text, for somebody who must answer a question on
all of it.

Notes from the pieces before:
{notes}

This piece:
{piece}

The question stands at the end of the text:
{question}

Rewrite the notes: keep what may matter for the question, add what this piece says (names, numbers, dates, verbatim
where it counts).
At most fifteen lines. Do not answer the question.""",
                0.2,
            )
        return self.llm.call_llm(
            f"""Text and question:
{taskInfo}

Notes that were taken while reading it:
{notes}

Answer the question step by step, from notes and text. Be as short as the question allows.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.1,
        )

    def pieces(self, text):
        """Whole paragraphs or sentences, about equal in size."""
        size = max(self.least, math.ceil(len(text) / self.workers))
        pieces, rest = [], text
        while len(rest) > size and len(pieces) < self.workers - 1:
            cut = max(rest.rfind("\n", size // 2, size), rest.rfind(". ", size // 2, size)) + 1 or size
            pieces.append(rest[:cut])
            rest = rest[cut:]
        return [*pieces, rest]
