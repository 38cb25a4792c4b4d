# name: role-play
# title: Role-play prompting
# method: A conversation of two turns: the model first settles into the role that suits the task, then answers in that role.
# paper: Kong et al., 2023, arXiv:2308.07702
# fidelity: role-setting turn and answer in one conversation as in the paper; its role feedback is a fixed, chosen text, ours is sampled.
# domains: any
# calls: 2..2

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        role, duty = self.role_for(taskInfo)
        _, conversation = self.llm.multi_turn_conversation(
            f"From now on you are {role}, and I come to you with a task. {duty} Say in two sentences how you will go about it.", [], 0.7
        )
        reply, _ = self.llm.multi_turn_conversation(
            f"""{taskInfo}

Stay in your role and reason step by step as you would for me.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            conversation,
            0.3,
        )
        return reply

    def role_for(self, taskInfo):
        text = taskInfo.lower()
        if re.search(r"\bdef \w+\(|python|function that|write a function", text):
            return "a senior engineer", "You never hand over a function whose edge cases you have not gone through."
        if re.search(r"^\s*\(?[a-e][).:]\s", text, re.MULTILINE):
            return "an examiner who has set thousands of such questions", "You know why each wrong option is there."
        if len(re.findall(r"\d", text)) >= 3:
            return "an excellent mathematics teacher", "You always teach each step so that no pupil is lost."
        return "a scholar who is read for clear answers", "You keep what is known apart from what is guessed."
