# name: solo-performance
# title: Solo performance prompting
# method: One call in which the model names the participants it needs, plays them all, and lets them agree on an answer.
# paper: Wang et al., 2023, arXiv:2307.05300
# fidelity: one call as in the paper; zero-shot, without its two worked demonstrations.
# domains: knowledge, writing, logic
# calls: 1..1
# aliases: spp

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        return self.llm.call_llm(
            f"""Solve the task below by letting several minds work together, all of them played by you.

1. Participants: name the two or three persons whose knowledge the task needs (for example a domain specialist, a person of
the audience, a sceptic). "AI Assistant (you)" always takes part and leads.
2. Brainstorming: each participant gives in turn what only they know about the task.
3. Collaboration: the assistant proposes a solution, reasoned step by step. Every participant comments on it, and the
assistant mends it until all agree.
4. The solution that all agreed on, complete.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.3,
        )
