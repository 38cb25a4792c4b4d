# name: medical-differential
# title: Differential diagnosis
# method: Lists the findings, weighs each diagnosis or option on its own against them, and decides with what must not be missed in mind.
# paper: -
# domains: medicine, choice
# calls: 4..8

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.most = 5

    def forward(self, taskInfo):
        findings = self.llm.call_llm(
            f"""You are a ward physician who presents a case. List the findings of the case below: age and history,
symptoms with their course, signs, values (high, low, normal), exposures. Mark those that are unusual. No diagnosis, no
answer.

Case:
{taskInfo}""",
            0.2,
        )
        diagnoses = self.options(taskInfo) or self.differential(taskInfo, findings)
        with ThreadPoolExecutor(len(diagnoses)) as pool:
            weighed = list(pool.map(lambda diagnosis: self.weigh(taskInfo, findings, diagnosis), diagnoses))
        listed = "\n\n".join(f"{diagnosis}:\n{text}" for diagnosis, text in zip(diagnoses, weighed))
        return self.llm.call_llm(
            f"""You are the attending physician. Case and question:
{taskInfo}

Each possibility was weighed on its own:

{listed}

Decide step by step: what explains most findings with fewest assumptions, and what would be dangerous to miss? Answer
what is asked.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.2,
        )

    def options(self, taskInfo):
        lettered = re.findall(r"^\s*\(?[A-H][).:]\s*(\S.{0,200})", taskInfo, re.MULTILINE)
        return lettered[: self.most] if len(lettered) > 1 else []

    def differential(self, taskInfo, findings):
        reply = self.llm.call_llm(
            f"""Case:
{taskInfo}

Findings:
{findings}

Which two to {self.most} diagnoses (or answers, if no diagnosis is asked) come into question?
Reply with a JSON object {{"possibilities": ["...", "..."]}}, the most likely first.""",
            0.4,
        )
        named = (parse_to_json(reply) or {}).get("possibilities")
        possible = [str(name)[:200] for name in named][: self.most] if isinstance(named, list) else []
        return possible or ["the most likely possibility", "the most dangerous possibility"]

    def weigh(self, taskInfo, findings, diagnosis):
        return self.llm.call_llm(
            f"""Case:
{taskInfo}

Findings:
{findings}

Weigh this possibility alone: {diagnosis} Which findings speak for it, which against it, which does it leave
unexplained? At most six lines, no comparison with others.""",
            0.3,
        )
