# name: reconcile
# title: ReConcile
# method: Three agents answer with a confidence and discuss their grouped answers until they agree; then a vote weighted by confidence.
# paper: Chen et al., 2023, arXiv:2309.13007
# fidelity: the discussion, rescaled confidences and weighted vote of the paper; three personas of one model in place of three models, two rounds.
# domains: knowledge, choice, logic, math
# calls: 3..9

from utils import *

CLOSE = """Close with one line "Final Answer: <answer>" (if the task asks for a program: the whole code in a ```python block instead) and one line "Confidence: <0.0 to 1.0>"."""


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.agents = ["someone who trusts first principles", "someone who trusts experience", "someone who doubts what seems obvious"]
        self.rounds = 2

    def forward(self, taskInfo):
        opening = f"Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}"
        replies = self.ask([f"You are {agent}. {opening}" for agent in self.agents])
        for _ in range(self.rounds):
            if len(self.grouped(replies)) == 1:
                break
            replies = self.ask([self.discussion(taskInfo, agent, own, replies) for agent, own in zip(self.agents, replies)])
        groups = self.grouped(replies)
        weight = {answer: sum(self.weight(reply) for reply in group) for answer, group in groups.items()}
        return groups[max(weight, key=weight.get)][0]

    def ask(self, prompts):
        with ThreadPoolExecutor(len(prompts)) as pool:
            return list(pool.map(lambda prompt: self.llm.call_llm(prompt, 0.7), prompts))

    def grouped(self, replies):
        groups = defaultdict(list)
        for reply in replies:
            found = re.findall(r"\\boxed\{([^{}]*)\}|final answer\s*:?\**\s*(.+)", reply, re.IGNORECASE)
            stated = (found[-1][0] or found[-1][1]) if found else reply[-200:]
            groups[extract_code(reply) or stated.strip(" .*$").replace(",", "").lower()].append(reply)
        return groups

    def weight(self, reply):
        """The paper's five steps: models are too sure of themselves."""
        found = re.findall(r"confidence\W{0,5}(\d(?:\.\d+)?)", reply, re.IGNORECASE)
        confidence = float(found[-1]) if found else 0.5
        return next(step for bound, step in ((1.0, 1.0), (0.9, 0.8), (0.8, 0.5), (0.6, 0.3), (-1.0, 0.1)) if confidence >= bound)

    def discussion(self, taskInfo, agent, own, replies):
        listed = "\n\n".join(
            f"Answer {i}, held by {len(group)} of {len(replies)} agents:\n" + "\n".join(group)
            for i, group in enumerate(self.grouped(replies).values(), 1)
        )
        return f"""You are {agent}. Task:
{taskInfo}

Your earlier answer:
{own}

The round table holds these answers of all agents, with their reasons and confidences:

{listed}

Reconsider your answer in their light: be convinced by reasons, not by numbers. Think step by step.
{CLOSE}"""
