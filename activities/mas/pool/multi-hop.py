# name: multi-hop
# title: Two hops, twice
# method: Two chains each find the bridge between a question's two facts and answer over it; an arbiter is asked only if they differ.
# paper: for questions as in HotpotQA, Yang et al., 2018, arXiv:1809.09600
# domains: reading, knowledge
# calls: 6..7

from utils import *

CLOSE = 'Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.directions = [
            "from what the question names, forward to what it asks",
            "from what is asked, backward: what would have to be known to tell it",
        ]

    def forward(self, taskInfo):
        with ThreadPoolExecutor(2) as pool:
            one, other = pool.map(lambda direction: self.chain(taskInfo, direction), self.directions)
        if self.stated(one) == self.stated(other):
            return one
        return self.llm.call_llm(
            f"""{taskInfo}

Two readers came to different answers.

Answer 1:
{one}

Answer 2:
{other}

Go back to the text (or to what is known) and decide which chain of facts holds at every link.
{CLOSE}""",
            0.1,
        )

    def chain(self, taskInfo, direction):
        hop = self.llm.call_llm(
            f"""The question below can be answered only over an intermediate person, thing or fact. Think {direction}.
State in two lines the first sub-question (the bridge) and the second one, with <bridge> where the first one's answer
goes.

{taskInfo}""",
            0.6,
        )
        bridge = self.llm.call_llm(
            f"{taskInfo}\n\nSub-questions:\n{hop}\n\nAnswer the first sub-question alone, with the sentence or fact that proves it.", 0.2
        )
        return self.llm.call_llm(
            f"{taskInfo}\n\nThe bridge was found:\n{bridge}\n\nInsert it and answer the whole question, step by step.\n{CLOSE}", 0.2
        )

    def stated(self, reply):
        found = re.findall(r"final answer\s*:?\**\s*(.+)", reply, re.IGNORECASE)
        return re.sub(r"\W+|\b(?:the|an?)\b", " ", (found[-1] if found else reply[-200:]).lower()).split()
