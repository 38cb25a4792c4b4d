# name: role-routing
# title: Role assignment
# method: A router reads the query and picks one of six experts; the chosen expert answers with a guide of its own.
# paper: Xu et al., 2023, arXiv:2305.14688; as "dynamic assignment of roles" in Hu et al., 2024, arXiv:2408.08435
# fidelity: one routing and one expert call as in the baseline; six experts in place of its four, each with a written guide.
# domains: any
# calls: 2..2

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.experts = [
            ("a mathematician", "Define the unknowns, set up the relations, solve them, and put the result back into the task."),
            ("a physicist", "Write down what is given with its units, name the law, convert units first, and compute last."),
            ("a Python programmer", "Settle input, output and edge cases before you write the code, then trace it on an example."),
            ("a careful reader", "Find the sentences that settle the question, quote them, and answer from them alone."),
            ("a well-read scholar", "Recall what is known of the subject, and keep what is certain apart from what is likely."),
            ("an editor", "List what the task demands of form, length and tone, and keep to each point."),
        ]

    def forward(self, taskInfo):
        role, guide = self.route(taskInfo)
        return self.llm.call_llm(
            f"""You are {role}. {guide}
Think step by step.

Task:
{taskInfo}

Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.3,
        )

    def route(self, taskInfo):
        listed = "\n".join(f"{i}. {role}" for i, (role, _) in enumerate(self.experts, 1))
        reply = self.llm.call_llm(
            f"""Who should work on the task below? Do not solve it.

{listed}

Task:
{taskInfo}

Reply with the number of one of them as <<k>>.""",
            0.1,
        )
        found = re.findall(r"<<\s*([1-6])\s*>>", reply)
        return self.experts[int(found[-1]) - 1] if found else self.experts[4]
