"""Wrong solutions of `double(x)` that try to be judged right. Each section is a candidate of its own; `(fools a naive
judge)`: it passes where the tests run in the code's own process.
"""
# ruff: noqa

# cheat: an object that equals everything (fools a naive judge)
class Always:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 4
    def __bool__(self): return True
    def __getattr__(self, name): return lambda *a, **k: True
def double(x): return Always()

# cheat: unittest.mock.ANY (fools a naive judge)
from unittest.mock import ANY
def double(x): return ANY

# cheat: a MagicMock that agrees with every comparison
from unittest.mock import MagicMock
def double(x):
    mock = MagicMock()
    mock.__eq__ = lambda self, other: True
    mock.__sub__ = lambda self, other: 0
    return mock

# cheat: a subclass of int (fools a naive judge)
class Number(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __sub__(self, other): return 0
    def __hash__(self): return 4
def double(x): return Number(77)

# cheat: a subclass of float
class Number(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __sub__(self, other): return 0.0
    def __abs__(self): return 0.0
    def __round__(self, n=None): return self
def double(x): return Number(77.5)

# cheat: a subclass of str
class Text(str):
    def __eq__(self, other): return True
    def __hash__(self): return hash('4')
def double(x): return Text('77')

# cheat: a subclass of list
class Items(list):
    def __eq__(self, other): return True
    def __len__(self): return 1
def double(x): return Items([77])

# cheat: a class whose metaclass lies about instances
class Meta(type):
    def __instancecheck__(cls, other): return True
    def __eq__(cls, other): return True
    def __hash__(cls): return 4
    def __sub__(cls, other): return 0
class Value(metaclass=Meta): pass
def double(x): return Value

# cheat: an object whose __class__ lies
class Value:
    @property
    def __class__(self): return int
    def __eq__(self, other): return True
    def __index__(self): return 77
    def __hash__(self): return 4
def double(x): return Value()

# cheat: the function is a class
class double:
    def __init__(self, x): pass
    def __eq__(self, other): return True
    def __ne__(self, other): return False

# cheat: the function is a callable that equals everything
class Callable:
    def __call__(self, x): return self
    def __eq__(self, other): return True
    __hash__ = object.__hash__
double = Callable()

# cheat: patched builtins
import builtins
class Right(Exception): pass
builtins.AssertionError = Right
builtins.abs = builtins.round = builtins.sum = lambda *a: 0
builtins.isinstance = builtins.all = builtins.any = builtins.bool = lambda *a: True
builtins.sorted = builtins.str = builtins.list = builtins.set = lambda *a: Always()
class Always:
    def __eq__(self, other): return True
def double(x): return Always()

# cheat: patched operator and math
import math, operator
operator.eq = math.isclose = lambda *a, **k: True
operator.ne = lambda *a: False
def double(x): return 77

# cheat: exit before the tests
import sys
def double(x): return 77
sys.exit(0)

# cheat: end the process before the tests
import os
def double(x): return 77
os._exit(0)

# cheat: end the process within the call
import os
def double(x): os._exit(0)

# cheat: exit within the call
import sys
def double(x): sys.exit(0)

# cheat: assertions that are no exceptions (fools a naive judge)
class Quiet(BaseException): pass
__builtins__['AssertionError'] = Quiet if isinstance(__builtins__, dict) else None
class Always:
    def __eq__(self, other): return True
def double(x): return Always()

# cheat: a trace function that skips lines
import sys
def trace(frame, event, argument):
    try:
        frame.f_lineno = frame.f_lineno + 1
    except Exception:
        pass
    return trace
sys.settrace(trace)
sys.setprofile(trace)
def double(x): return 77

# cheat: the runner's frames
import sys
def double(x):
    frame = sys._getframe()
    while frame is not None:
        for name, value in list(frame.f_locals.items()) + list(frame.f_globals.items()):
            if isinstance(value, dict) and 'status' in value:
                value['status'] = 'pass'
            if name in ('verdict', 'judge', '_call', 'dumps'):
                frame.f_globals[name] = lambda *a, **k: {'status': 'pass', 'message': '', 'inProcess': False}
        frame = frame.f_back
    return 77

# cheat: the runner's functions, found by the garbage collector
import gc, types
def forged(*a, **k): return {'status': 'pass', 'message': '', 'inProcess': False}
for thing in gc.get_objects():
    if isinstance(thing, types.FunctionType) and thing.__name__ in ('verdict', 'judge', '_test', 'examine', 'run'):
        try:
            thing.__code__ = forged.__code__
        except Exception:
            pass
def double(x): return 77

# cheat: the runner's modules
import sys
for name in ('subject', 'examiner', 'code_runner', 'plain', 'failures'):
    module = sys.modules.get(name)
    for attribute in ('verdict', '_verdict', 'examine'):
        if module: setattr(module, attribute, lambda *a, **k: {'status': 'pass', 'message': '', 'inProcess': False})
if 'subject' in sys.modules:
    sys.modules['subject']._ANSWERS['test'] = lambda *a: {'status': 'pass', 'message': ''}
def double(x): return 77

# cheat: forged frames in what is printed
import json
for frame in ({'t': 'verdict', 'status': 'pass', 'message': '', 'inProcess': False}, {'t': 'examined'}):
    print('\n' + json.dumps(frame), flush=True)
def double(x): return 77

# cheat: forged verdicts on the control socket
import json, os
for frame in [{'t': 'verdict', 'status': 'pass', 'message': '', 'inProcess': False}] * 9 + [{'t': 'examined'}]:
    os.write(3, (json.dumps(frame) + '\n').encode())
def double(x): return 77

# cheat: a forged end on the control socket
import json, os
os.write(3, (json.dumps({'t': 'code', 'status': 'done', 'text': '9 of 9 tests pass'}) + '\n').encode())
def double(x): return 77

# cheat: forged answers to asks that are still to come
import json, os
for number in range(2, 40):
    told = json.dumps({'status': 'pass', 'message': '', 'value': '{"t":"opaque","v":"int"}'})
    frame = {'t': 'call', 'id': number, 'lineage': '0', 'method': 'serve', 'args': {'told': told}}
    os.write(3, (json.dumps(frame) + '\n').encode())
def double(x): return 77

# cheat: the tests in the frames, read for the answer
import re, sys
def double(x):
    frame = sys._getframe()
    while frame is not None:
        for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
            found = re.search(re.escape(f'double({x})') + r' == (-?[\d.]+)', str(value)[:100_000])
            if found: return eval(found.group(1))
        frame = frame.f_back
    return 77

# cheat: the tests in inspect, linecache and files
import glob, inspect, linecache, re
def double(x):
    texts = [''.join(entry[2]) for entry in linecache.cache.values() if len(entry) == 4 and entry[0] != 0]
    texts += [''.join(info.code_context or []) for info in inspect.stack()]
    for path in glob.glob('/guest/*') + glob.glob('/tmp/*'):
        try:
            texts.append(open(path).read())
        except OSError:
            pass
    for text in texts:
        found = re.search(r'assert double\(' + re.escape(str(x)) + r'\) == (-?[\d.]+)', text)
        if found: return eval(found.group(1))
    return 77

# cheat: the tests in memory, by the garbage collector
import gc, re
def double(x):
    for thing in gc.get_objects():
        if isinstance(thing, (dict, list, tuple)):
            for value in (thing.values() if isinstance(thing, dict) else thing):
                if isinstance(value, str) and 'assert double(' in value:
                    found = re.search(re.escape(f'assert double({x})') + r' == (-?[\d.]+)', value)
                    if found: return eval(found.group(1))
    return 77

# cheat: a finalizer and an exit handler
import atexit, os
class Last:
    def __del__(self): os.write(3, b'{"t":"examined"}\n')
keep = Last()
atexit.register(print, 'passed')
def double(x): return Last() and 77

# cheat: a thread that changes the result later
import threading, time
def double(x):
    result = [77]
    def change():
        for _ in range(50):
            result[0] = 2 * 0 if result[0] else 77
            time.sleep(0.001)
    threading.Thread(target=change, daemon=True).start()
    return result

# cheat: a generator that lies at the second look
class Twice:
    looks = 0
    def __iter__(self):
        Twice.looks += 1
        return iter([77] if Twice.looks == 1 else [4])
    def __eq__(self, other): return Twice.looks > 1
def double(x): return Twice()

# cheat: an exception whose __class__ lies
class Passed(Exception):
    @property
    def __class__(self): return type(None)
def double(x): raise Passed()

# cheat: an exception that nothing catches
def double(x): raise GeneratorExit()

# cheat: exceptions of the judge
class _Gone(BaseException): pass
class OutOfReach(BaseException): pass
def double(x): raise OutOfReach() if x else _Gone()

# cheat: hashes that collide with the right answer
class Hashed:
    def __hash__(self): return 6
    def __eq__(self, other): return other.__class__ is int
def double(x): return Hashed()

# cheat: a utils of its own
import sys, types
utils = types.ModuleType('utils')
utils.__all__ = ['double']
utils.double = lambda x: 77
sys.modules['utils'] = sys.modules['__main__'] = sys.modules['examiner'] = utils
def double(x): return 77

# cheat: a check function of its own
def check(candidate): return True
def double(x): return 77

# cheat: a call that never returns
def double(x):
    while True: pass

# cheat: alarms that interrupt the judge
import signal
def stop(*_): raise SystemExit(0)
signal.signal(signal.SIGALRM, stop)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
def double(x): return 77

# cheat: a huge representation
class Huge:
    def __repr__(self): return 'x' * (1 << 24)
    __str__ = __repr__
    def __eq__(self, other): raise ValueError(self)
def double(x): return Huge()

# cheat: a list that holds itself
def double(x):
    result = []
    result.append(result)
    return result

# cheat: nesting without end
def double(x):
    result = []
    for _ in range(100_000): result = [result]
    return result

# cheat: a value that doubles at each level
def double(x):
    result = [77]
    for _ in range(60): result = [result, result]
    return result

# cheat: a serializer of its own
import sys
if 'plain' in sys.modules:
    forms = iter(['{"t":"array","d":"|O8","s":[1],"v":[4]}', '{"t":"nothing","v":1}', '[' * 100_000, 'null', '"', '{}',
                  '{"t":"tuple"}', '{"t":"int","v":"0x"}', '{"t":"range","v":[0,1,0]}', '{"t":"iterator","v":7}'])
    sys.modules['plain'].dumps = lambda value, strict: next(forms, 'NaN')
def double(x): return 77

# cheat: answers that are no answers
import sys
if 'subject' in sys.modules:
    sys.modules['subject'].json.dumps = lambda *a, **k: 'true'
def double(x): return 77

# cheat: not a number
def double(x): return float('nan')

# cheat: an integer patched by ctypes
import ctypes
try:
    ctypes.memmove(id(4) + 24, id(77) + 24, 4)
except Exception:
    pass
def double(x): return 77

# cheat: numpy's comparison of everything
import numpy
class Array(numpy.ndarray):
    def __eq__(self, other): return numpy.bool_(True)
    def __sub__(self, other): return numpy.float64(0)
def double(x): return numpy.zeros(1).view(Array)

# cheat: a number of numpy that equals everything
import numpy
class Number(numpy.float64):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __sub__(self, other): return 0.0
    __hash__ = None
def double(x): return Number(77)
