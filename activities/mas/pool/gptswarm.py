# name: gptswarm
# title: GPTSwarm
# method: A fixed graph of agents, run level by level, each node reading its predecessors' answers; the graph's output is a counted vote.
# paper: Zhuge et al., 2024, arXiv:2402.16823
# fidelity: the agents' graph is fixed, as after training; neither edges nor prompts are optimised here. Six nodes, vote by count.
# domains: math, science, choice, knowledge
# calls: 6..6

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'
# Node: (operation, the nodes whose answers it reads). A node stands below all that it reads.
GRAPH = {
    "direct": ("Answer the task below.", []),
    "steps": ("Solve the task below. Think step by step.", []),
    "specialist": ("You are a specialist in the subject of the task below. Solve it, think step by step.", []),
    "debater": ("Weigh the answers of the other agents against your own reasoning, step by step.", ["direct", "steps"]),
    "checker": ("Go through each answer's steps carefully and settle what they leave open.", ["steps", "specialist"]),
    "closer": ("Decide which answer is the best supported.", ["debater", "checker"]),
}


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        answers = {}
        with ThreadPoolExecutor(len(GRAPH)) as pool:
            while len(answers) < len(GRAPH):
                ready = [name for name in GRAPH if name not in answers and all(read in answers for read in GRAPH[name][1])]
                prompts = [self.prompt(taskInfo, name, answers) for name in ready]
                answers.update(zip(ready, pool.map(lambda prompt: self.llm.call_llm(prompt, 0.6), prompts)))
        votes = {name: self.stated(answer) for name, answer in answers.items()}
        # Nodes with predecessors come later, and the last of equal votes has seen most.
        winner = Counter(reversed(votes.values())).most_common(1)[0][0]
        return next(answers[name] for name in reversed(GRAPH) if votes[name] == winner)

    def prompt(self, taskInfo, name, answers):
        operation, reads = GRAPH[name]
        context = "\n\n".join(f"Agent {i}:\n{answers[read]}" for i, read in enumerate(reads, 1))
        return f"{operation}\n\nTask:\n{taskInfo}\n\n{context}\n\n{CLOSE}"

    def stated(self, reply):
        found = re.findall(r"final answer\s*:?\**\s*(.+)", reply, re.IGNORECASE)
        return extract_code(reply) or (found[-1] if found else reply[-200:]).strip(" .*$").replace(",", "").lower()
