# name: medagents
# title: MedAgents
# method: Gathers medical specialists, sums their analyses up in a report, revises it until all of them approve, and decides from it.
# paper: Tang et al., 2023, arXiv:2311.10537
# fidelity: the five stages of the paper; three specialists, whereas it has separate ones for question and options; two voting rounds.
# domains: medicine, choice, knowledge
# calls: 9..14

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.rounds = 2
        self.usual = ["an internist", "a pharmacologist", "a pathologist"]

    def forward(self, taskInfo):
        specialists = self.gather(taskInfo)
        with ThreadPoolExecutor(len(specialists)) as pool:
            analyses = list(pool.map(lambda specialist: self.analyse(taskInfo, specialist), specialists))
            listed = "\n\n".join(f"{who} writes:\n{text}" for who, text in zip(specialists, analyses))
            report = self.llm.call_llm(
                f"Task:\n{taskInfo}\n\n{listed}\n\nSum these analyses up in one report: key knowledge first, then the total analysis and "
                'what it leads to, on one line "Final Answer: <answer>".',
                0.2,
            )
            for _ in range(self.rounds):
                opinions = list(pool.map(lambda specialist: self.vote(taskInfo, specialist, report), specialists))
                objections = [opinion for opinion in opinions if "is sound" not in opinion.lower()]
                if not objections:
                    break
                report = self.revise(taskInfo, report, objections)
        return self.llm.call_llm(
            f"""You take the decision on a medical question, from the report that its specialists approved.

Question:
{taskInfo}

Report:
{report}

Think step by step. Close with one line "Final Answer: <answer>"."""
        )

    def gather(self, taskInfo):
        reply = self.llm.call_llm(
            f"""Which three medical specialists (or other experts, if the question is not medical) should examine the
question below? Do not answer it.
Reply with a JSON object {{"experts": ["a ...", "a ...", "a ..."]}}.

Question:
{taskInfo}"""
        )
        named = (parse_to_json(reply) or {}).get("experts")
        return [str(name) for name in named] if isinstance(named, list) and len(named) == 3 else self.usual

    def analyse(self, taskInfo, specialist):
        return self.llm.call_llm(
            f"You are {specialist}. Analyse the question below from your own field, step by step: what points to which answer, and why?\n\n"
            f'Question:\n{taskInfo}\n\nClose with one line "Final Answer: <answer>".',
            0.6,
        )

    def vote(self, taskInfo, specialist, report):
        return self.llm.call_llm(
            f"""You are {specialist}. Check whether you can approve the report below. Begin with "The report is sound"
if you approve. Otherwise name the statement of your field that you do not accept, and why.

Question:
{taskInfo}

Report:
{report}""",
            0.3,
        )

    def revise(self, taskInfo, report, objections):
        return self.llm.call_llm(
            f"Question:\n{taskInfo}\n\nYour current report with its answer:\n{report}\n\nObjections:\n" + "\n".join(objections)
            + '\n\nWrite the revised report, reasoned step by step. Close with one line "Final Answer: <answer>".',
            0.2,
        )
