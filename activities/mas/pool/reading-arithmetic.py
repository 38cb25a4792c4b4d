# name: reading-arithmetic
# title: Reading with counting and arithmetic
# method: Tells questions for a span from those for a number; numbers are listed with their sentences and then counted or computed by script.
# paper: for questions as in DROP, Dua et al., 2019, arXiv:1903.00161
# domains: reading, data
# calls: 2..3

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        if self.wants_number(taskInfo):
            return self.number(taskInfo)
        return self.span(taskInfo)

    def wants_number(self, taskInfo):
        reply = self.llm.call_llm(
            f"""What does the question below want: a number that must be counted or computed from several places of the
text (<<number>>), or a name, date or wording that stands in it (<<span>>)? Reply with one of the two.

{taskInfo}""",
            0.1,
        )
        named = re.findall(r"<<\s*(number|span)\s*>>", reply.lower())
        asked = re.search(r"how (?:many|much)|difference|in total|per ?cent|average|longer than", taskInfo[-600:].lower())
        return named[-1] == "number" if named else bool(asked)

    def number(self, taskInfo):
        reply = self.llm.call_llm(
            f"""Write a Python script that answers the question of the text below. Begin with one list of tuples: every
event or figure that may matter, as (value or name, the sentence it stands in). Then filter it by the question's
conditions, count or compute, and store the result in a variable named `output`. Reply with the script in a ```python block.

{taskInfo}""",
            0.2,
        )
        script = extract_code(reply)
        return self.llm.call_llm(
            f"""{taskInfo}

This script was run on what stands in the text:
```python
{script}
```
{execute_code(script)[:4000]}

Check its list against the text: is anything missing or counted twice? Then state the answer, a bare number where one is
asked.
Close with one line "Final Answer: <answer>".""",
            0.1,
        )

    def span(self, taskInfo):
        return self.llm.call_llm(
            f"""{taskInfo}

Find the passage that answers the question, think step by step about whom and what it speaks of, and copy the shortest
wording that answers fully.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.1,
        )
