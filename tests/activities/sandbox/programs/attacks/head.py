"""What the attacks of this directory share: the head of each program. The query is JSON: the name of one attack
and its targets. An attack must raise an OSError, raise Denied, or return HARMLESS; another error is a broken
attack, any other value a broken sandbox. `# leaks at: LEVEL` above one marks what docs/security.md admits.
"""

import ctypes
import errno
import fcntl
import gc
import importlib
import mmap
import multiprocessing
import resource
import signal
import socket
import struct
import subprocess

from utils import *

HARMLESS = 'harmless'
LIBC = ctypes.CDLL(None, use_errno=True)
ATTACKS = {}
NUMBERS = {}


class Denied(Exception):
    """Refused in a form of its own."""


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        target = json.loads(taskInfo)
        NUMBERS.update(target.pop('numbers'))
        try:
            value = ATTACKS[target['attack']](target)
        except (OSError, Denied) as error:
            return f'denied: {type(error).__name__}: {error}'[:200]
        except BaseException as error:
            return f'broken attack: {type(error).__name__}: {error}'[:200]
        return 'denied: harmless' if value == HARMLESS else f'BROKE OUT: {value!r}'[:200]


def attack(function):
    ATTACKS[function.__name__] = function
    return function


def call(name, *arguments):
    """A raw system call; raises what it answered."""
    if name not in NUMBERS:
        raise Denied(f'this architecture has no {name}')
    padded = [ctypes.c_long(a) if isinstance(a, int) else a for a in (*arguments, 0, 0, 0, 0, 0, 0)[:6]]
    result = LIBC.syscall(ctypes.c_long(NUMBERS[name]), *padded)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def denied(name, *arguments):
    """Must be refused by the sandbox itself, not for want of a sensible argument."""
    try:
        value = call(name, *arguments)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS, errno.EACCES):
            raise
        return f'reached the kernel: {error}'
    return f'worked: {value}'


def all_fail(actions):
    """Every one of these must fail; returns those that did not."""
    worked = []
    for name, action in actions.items():
        try:
            value = action()
        except (OSError, Denied):
            continue
        if value != HARMLESS:
            worked.append(f'{name}: {value!r}'[:100])
    return worked or HARMLESS


def state(target):
    """The worker's state directory: comes backwards, so that a search of memory does not find the question."""
    return target['state'][::-1]


def strings_of_this_process():
    """All text that any object of the interpreter still holds. Look for a word in each one backwards, with the word
    backwards: then the search does not find itself.
    """
    gc.unfreeze()  # what the zygote made is hidden from the collector
    seen = set()
    for container in gc.get_objects():
        for value in (container, *gc.get_referents(container)):
            if isinstance(value, (str, bytes)) and id(value) not in seen:
                seen.add(id(value))
                yield value if isinstance(value, str) else value.decode('latin-1')


def machine_code(name, *arguments):
    """The system call by an instruction of the program's own, past the C library."""
    number = NUMBERS[name]
    if os.uname().machine == 'x86_64':
        code = b'\xb8' + struct.pack('<I', number) + b'\x0f\x05\xc3'
    else:
        code = struct.pack('<III', 0xD2800008 | number << 5, 0xD4000001, 0xD65F03C0)
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    result = ctypes.CFUNCTYPE(ctypes.c_long, *[ctypes.c_long] * len(arguments))(address)(*arguments)
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result
