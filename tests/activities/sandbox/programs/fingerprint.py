"""What a program finds when it starts, as JSON: equal before and after an attack, or the attack left something."""

import ctypes
import gc
import locale
import resource
import secrets
import signal
import uuid
import warnings

from utils import *


def names_of_modules():
    """Modules and what each defines: a planted name would change it."""
    lines = [
        f'{name}: {",".join(sorted(map(str, vars(module))))}' for name, module in sorted(sys.modules.items())
    ]
    return hashlib.sha256(
        '\n'.join(line for line in lines if not line.startswith('program:')).encode()
    ).hexdigest()


def open_descriptors():
    found = []
    for descriptor in range(64):
        try:
            found.append([descriptor, os.fstat(descriptor).st_mode])
        except OSError:
            continue
    return found


def files_of_tmp():
    try:
        return sorted(os.listdir('/tmp'))
    except OSError as error:
        return type(error).__name__


def fresh_memory():
    """Pages that were never written must be zero, whoever had them before."""
    block = ctypes.string_at(ctypes.cast(ctypes.CDLL(None).calloc(1, 1), ctypes.c_void_p), 1)
    page = bytearray(1 << 20)
    return not any(page) and block == b'\0'


def fingerprint():
    mask = os.umask(0)
    os.umask(mask)
    return {
        'modules': names_of_modules(),
        'builtins': sorted(vars(sys.modules['builtins'])),
        'environment': dict(os.environ),
        'random': [
            random.random(),
            random.Random().random(),
            os.urandom(8).hex(),
            secrets.token_hex(4),
            str(uuid.uuid4()),
        ],
        'hash': hash('text'),
        'descriptors': open_descriptors(),
        'files': files_of_tmp(),
        'memory': fresh_memory(),
        'directory': os.getcwd(),
        'mask': mask,
        'users': [os.getuid(), os.geteuid(), os.getgid(), os.getegid()],
        'process': os.getpid() if os.getpid() == 1 else 'many',
        'threads': [threading.active_count(), threading.stack_size(), len(sys._current_frames())],
        'limits': [resource.getrlimit(kind) for kind in range(16)],
        'signals': [str(signal.getsignal(number)) for number in range(1, 32)],
        'blocked': sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))),
        'timers': [signal.getitimer(kind) for kind in range(3)],
        'recursion': sys.getrecursionlimit(),
        'digits': decimal.getcontext().prec,
        'locale': locale.setlocale(locale.LC_ALL),
        'paths': [sys.path, [str(type(finder)) for finder in sys.meta_path], len(sys.path_hooks)],
        'hooks': [
            str(sys.gettrace()),
            str(sys.getprofile()),
            sys.excepthook is sys.__excepthook__,
            len(gc.callbacks),
        ],
        'collector': [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()],
        'warnings': len(warnings.filters),
        'processors': sorted(os.sched_getaffinity(0)),
        'arguments': [sys.argv, getattr(sys, 'orig_argv', [])],
        'clock': int(time.time()) // 60,
    }


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        return self.llm.call_llm('still') + json.dumps(fingerprint(), sort_keys=True)
