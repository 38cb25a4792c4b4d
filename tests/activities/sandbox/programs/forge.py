"""The head of programs that write to the control socket themselves."""

import json as _json


def raw(data):
    view = memoryview(data if isinstance(data, bytes) else data.encode())
    while view:
        view = view[os.write(3, view) :]


def frame(**fields):
    raw(_json.dumps(fields) + '\n')


def forged_call(number=1, lineage='0', method='chat', args=None):
    args = args or {'messages': [{'role': 'user', 'content': 'x'}], 'temperature': 0.5, 'maxTokens': 5}
    frame(t='call', id=number, lineage=lineage, method=method, args=args)


def linger():
    time.sleep(10)
    return 'still here'
