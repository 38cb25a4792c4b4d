# name: camel
# title: CAMEL role-playing
# method: An instructing agent and a working agent, each with a conversation of its own, talk in turns; a last call sums up.
# paper: Li et al., 2023, arXiv:2303.17760
# fidelity: task specifier, user and assistant agents as in the paper; at most three exchanges, and a summary call to get one answer.
# domains: writing, knowledge, code
# calls: 3..8

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.exchanges = 3

    def forward(self, taskInfo):
        roles = self.specify(taskInfo)
        instructor, worker = roles["instructor"], roles["worker"]
        user = self.begin(
            f"You are {instructor} and instruct {worker}. Give one instruction per turn, never solve the task yourself. "
            f"When it is done, say only TASK_DONE.\n\nTask:\n{taskInfo}"
        )
        assistant = self.begin(
            f"You are {worker} and follow the instructions of {instructor}. Think step by step, and always give a "
            f"concrete solution.\n\nTask:\n{taskInfo}"
        )
        solution, work = "nothing yet", []
        for _ in range(self.exchanges):
            instruction, user = self.llm.multi_turn_conversation(f"Solution so far:\n{solution}\n\nYour next instruction?", user, 0.5)
            if "TASK_DONE" in instruction:
                break
            solution, assistant = self.llm.multi_turn_conversation(f"Instruction:\n{instruction}", assistant, 0.3)
            work.append(solution)
        listed = "\n\n".join(f"Result {i}:\n{result}" for i, result in enumerate(work, 1))
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

What was worked out for it:

{listed}

Synthesise the final answer from this, step by step; later results are usually the better ones.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.2,
        )

    def specify(self, taskInfo):
        reply = self.llm.call_llm(
            f"""Two persons will work on the task below: one who knows what is wanted and instructs, one with the skill
to do it.
Reply with a JSON object {{"instructor": "a ...", "worker": "a ..."}}. Do not solve the task.

Task:
{taskInfo}""",
            0.4,
        )
        named = parse_to_json(reply) or {}
        return {role: str(named.get(role) or usual)[:200] for role, usual in (("instructor", "a client"), ("worker", "an expert"))}

    def begin(self, role):
        """A conversation whose system message gives the role."""
        return [{"role": "system", "content": role}]
