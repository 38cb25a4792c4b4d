"""The baseline of `bench sandbox`: the same program in a plain child, with no sandbox and no imports beyond
the protocol.
"""

import json
import sys

init = json.loads(sys.stdin.readline())


class LLM:
    def __init__(self, model_list):
        pass

    def call_llm(self, prompt, temperature=0.5):
        print(json.dumps({'t': 'call', 'prompt': prompt}), flush=True)
        return json.loads(sys.stdin.readline())['value']


names = {'LLM': LLM}
exec(init['source'].replace('from utils import *', ''), names)
print(json.dumps({'t': 'done', 'answer': names['MAS'](model_list=[]).forward(init['query'])}), flush=True)
