# name: expert-panel
# title: Expert panel
# method: Names three experts that fit the query, lets each answer in its role, and a chair weighs their answers.
# paper: after ExpertPrompting, Xu et al., 2023, arXiv:2305.14688, and MedAgents, Tang et al., 2023, arXiv:2311.10537
# domains: knowledge, science, choice, medicine
# calls: 5..5

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.usual = ["a specialist in the subject of the task", "a careful generalist", "a sceptic who looks for traps"]

    def forward(self, taskInfo):
        experts = self.recruit(taskInfo)
        prompts = [
            f"You are {expert}. Solve the task below. Think step by step, as your profession would.\n\nTask:\n{taskInfo}\n\n{CLOSE}"
            for expert in experts
        ]
        with ThreadPoolExecutor(len(prompts)) as pool:
            opinions = list(pool.map(lambda prompt: self.llm.call_llm(prompt, 0.6), prompts))
        listed = "\n\n".join(f"Expert {i}:\n{opinion}" for i, opinion in enumerate(opinions, 1))
        return self.llm.call_llm(
            f"""You chair a panel. Weigh the experts' answers by their reasons and give the final decision.

Task:
{taskInfo}

{listed}

{CLOSE}""",
            0.2,
        )

    def recruit(self, taskInfo):
        reply = self.llm.call_llm(
            f"""Which three experts should work on the task below? Do not solve it.
Reply with a JSON object {{"experts": ["a ...", "an ...", "a ..."]}}.

Task:
{taskInfo}""",
            0.3,
        )
        named = (parse_to_json(reply) or {}).get("experts")
        if not isinstance(named, list) or len(named) != 3:
            return self.usual
        return [str(expert) for expert in named]
