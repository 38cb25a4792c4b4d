# name: react
# title: ReAct with a Python tool
# method: One conversation of thoughts, Python scripts as actions and their outputs as observations, until the answer is stated.
# paper: Yao et al., 2022, arXiv:2210.03629
# fidelity: the thought, action, observation loop of the paper with an interpreter in place of Wikipedia; zero-shot, at most three actions.
# domains: math, science, data
# calls: 1..4

from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.actions = 3

    def forward(self, taskInfo):
        observation = "none yet"
        conversation = []
        message = f"""Solve the task below in turns of thought, action and observation. Thought: reason about what is
known and what to find out next. Action: write a Python script in one ```python block that finds it out and stores the
result in a variable named `output`. I run the script and give you the observation. When you know enough, reply without
a script and close with one line "Final Answer: <answer>".

Task:
{taskInfo}"""
        for _ in range(self.actions):
            reply, conversation = self.llm.multi_turn_conversation(message, conversation, 0.2)
            script = extract_code(reply)
            if not script:
                return reply
            observation = execute_code(script)[:4000]
            message = f"Observation:\n{observation}"
        return self.llm.call_llm(
            f"""Task:
{taskInfo}

The last script that was run for it:
```python
{script}
```

Observation:
{observation}

State the answer to the task now; if the observation does not settle it, reason step by step yourself.
Close with one line "Final Answer: <answer>". If the task asks for a program, close with the whole code in a ```python block.""",
            0.2,
        )
