# name: agentverse
# title: AgentVerse
# method: Recruits a solver and critics, lets them discuss, has the result evaluated, and recruits anew by the evaluator's advice.
# paper: Chen et al., 2023, arXiv:2308.10848
# fidelity: the vertical form (one solver, reviewers), one round of criticism per turn, at most two turns; no tool execution.
# domains: any
# calls: 5..12

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.turns = 2
        self.usual = ["a specialist in the subject of the task", "a meticulous reviewer", "a practitioner who doubts first results"]

    def forward(self, taskInfo):
        solution, advice = "", "none yet"
        for _ in range(self.turns):
            solver, *critics = self.recruit(taskInfo, advice)
            solution = self.propose(taskInfo, solver, solution, advice)
            with ThreadPoolExecutor(len(critics)) as pool:
                comments = list(pool.map(lambda critic: self.review(taskInfo, critic, solution), critics))
            objections = [comment for comment in comments if "is sound" not in comment.lower()]
            if objections:
                solution = self.propose(taskInfo, solver, solution, "\n".join(objections))
            advice = self.review(taskInfo, "the evaluator of the whole group", solution)
            if "is sound" in advice.lower():
                break
        return solution

    def recruit(self, taskInfo, advice):
        reply = self.llm.call_llm(
            f"""You lead a group. Which three experts should work on the task below: one who solves it and two who
review? Do not solve it.
Reply with a JSON object {{"experts": ["a ...", "an ...", "a ..."]}}, the solver first.

Task:
{taskInfo}

Advice from the last evaluation: {advice}""",
            0.4,
        )
        named = (parse_to_json(reply) or {}).get("experts")
        return [str(expert) for expert in named] if isinstance(named, list) and len(named) == 3 else self.usual

    def propose(self, taskInfo, solver, solution, remarks):
        if not solution:
            return self.llm.call_llm(f"You are {solver}. Solve the task below. Think step by step.\n\nTask:\n{taskInfo}\n\n{CLOSE}")
        return self.llm.call_llm(
            f"""You are {solver}. Task:
{taskInfo}

Your group's current solution:
{solution}

Remarks on it:
{remarks}

Write an improved solution, reasoned step by step. Take up the remarks that hold and leave those that do not.
{CLOSE}""",
            0.3,
        )

    def review(self, taskInfo, reviewer, solution):
        return self.llm.call_llm(
            f"""You are {reviewer}. Review the solution below and point out what is wrong or missing in it.
Begin with "The solution is sound" if nothing is, else with "The solution has a weak point".

Task:
{taskInfo}

Solution under review:
{solution}""",
            0.3,
        )
