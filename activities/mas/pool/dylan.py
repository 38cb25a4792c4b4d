# name: dylan
# title: DyLAN
# method: Four role agents in layers; more than two thirds of equal answers end the run, and a ranker prunes the third layer to two.
# paper: Liu et al., 2023, arXiv:2310.02170
# fidelity: four agents, three layers, ranker and consensus rule as in the paper; roles are general, and no importance scores are learnt.
# domains: math, choice, knowledge
# calls: 4..11

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.roles = ["a specialist in the field", "a careful logician", "a teacher who checks each step", "a critic who seeks traps"]
        self.layers = 3

    def forward(self, taskInfo):
        agents = list(range(len(self.roles)))
        replies = {}
        for layer in range(self.layers):
            if layer == self.layers - 1:
                agents = self.best_two(taskInfo, replies)
            with ThreadPoolExecutor(len(agents)) as pool:
                prompts = [self.prompt(taskInfo, agent, replies) for agent in agents]
                replies = dict(zip(agents, pool.map(lambda prompt: self.llm.call_llm(prompt, 0.7), prompts)))
            answers = [self.stated(reply) for reply in replies.values()]
            answer, votes = Counter(answers).most_common(1)[0]
            if 3 * votes > 2 * len(answers):
                break
        return list(replies.values())[answers.index(answer)]

    def prompt(self, taskInfo, agent, replies):
        role = self.roles[agent]
        if not replies:
            return f"You are {role}. Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}"
        own = replies.get(agent, "")
        others = "\n\n".join(f"Agent {i + 1}:\n{reply}" for i, reply in replies.items() if i != agent)
        return f"""You are {role}. Task:
{taskInfo}

Your earlier answer:
{own}

Answers of the other agents:

{others}

Examine them critically, then give your updated answer, reasoned step by step.
{CLOSE}"""

    def best_two(self, taskInfo, replies):
        listed = "\n\n".join(f"Agent {i + 1}:\n{reply}" for i, reply in replies.items())
        reply = self.llm.call_llm(
            f"""Task:
{taskInfo}

{listed}

Select the two agents with the best answers. Reply with a JSON object {{"best": [1, 2]}} of their numbers.""",
            0.1,
        )
        best = (parse_to_json(reply) or {}).get("best")
        numbers = best if isinstance(best, list) else [best]
        chosen = [n - 1 for n in numbers if isinstance(n, int) and n - 1 in replies]
        return list(dict.fromkeys([*chosen, *replies]))[:2]

    def stated(self, reply):
        found = re.findall(r"\\boxed\{([^{}]*)\}|final answer\s*:?\**\s*(.+)", reply, re.IGNORECASE)
        return extract_code(reply) or ((found[-1][0] or found[-1][1]) if found else reply[-200:]).strip(" .*$").replace(",", "").lower()
