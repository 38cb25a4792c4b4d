# name: cumulative-reasoning
# title: Cumulative reasoning
# method: A proposer adds one proposition at a time, a verifier admits or rejects it, and a reporter concludes from those admitted.
# paper: Zhang et al., 2023, arXiv:2308.04371
# fidelity: proposer, verifier and reporter as in the paper; at most four propositions, the proposer says itself when they suffice.
# domains: logic, math
# calls: 2..9

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.most = 4

    def forward(self, taskInfo):
        admitted = []
        for _ in range(self.most):
            proposition = self.propose(taskInfo, admitted)
            if "ENOUGH" in proposition:
                break
            if self.follows(taskInfo, admitted, proposition):
                admitted.append(proposition)
        return self.llm.call_llm(
            f"""You report. Task:
{taskInfo}

Established, each verified on its own:
{self.listed(admitted)}

Conclude step by step from the task and what is established; redo what seems doubtful.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.1,
        )

    def propose(self, taskInfo, admitted):
        return self.llm.call_llm(
            f"""You propose. Task:
{taskInfo}

Established so far:
{self.listed(admitted)}

Think carefully and derive one further proposition that brings the solution nearer, with its reason in one sentence.
If what is established settles the task already, reply with the word ENOUGH.""",
            0.6,
        )

    def follows(self, taskInfo, admitted, proposition):
        verdict = self.llm.call_llm(
            f"""You verify. Task:
{taskInfo}

Established so far:
{self.listed(admitted)}

Proposition:
{proposition}

Check whether it follows from the task and what is established, and from nothing else. Close with "The step is sound" if
it does, else with "The step has a weak point".""",
            0.1,
        )
        return "weak point" not in verdict.lower()

    def listed(self, admitted):
        return "\n".join(f"- {proposition}" for proposition in admitted) or "- nothing yet"
