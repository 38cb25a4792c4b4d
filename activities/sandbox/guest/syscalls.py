"""The seccomp allow-list, as classic BPF: what a confined Python needs, by name, with the numbers of x86_64
and aarch64.

Everything else answers EPERM. A foreign architecture or the x32 ABI kills. `clone` makes threads only,
`kill`, `tgkill` and `prlimit64` reach the process itself only; `fcntl`, `ioctl`, `futex`, `madvise` and
`pipe2` know a few harmless forms.
"""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass

# x86_64, aarch64 (-1: the architecture lacks it). Left out: what tells of the host and nobody needs (uname,
# sysinfo, statfs), and truncate by path, which Landlock guards only from ABI 3 on.
PLAIN: dict[str, tuple[int, int]] = {
    'read': (0, 63), 'write': (1, 64), 'readv': (19, 65), 'writev': (20, 66), 'pread64': (17, 67),
    'pwrite64': (18, 68), 'open': (2, -1), 'openat': (257, 56), 'close': (3, 57), 'lseek': (8, 62),
    'dup': (32, 23), 'dup2': (33, -1), 'dup3': (292, 24), 'pipe': (22, -1), 'eventfd2': (290, 19),
    'stat': (4, -1), 'lstat': (6, -1), 'fstat': (5, 80), 'newfstatat': (262, 79), 'statx': (332, 291),
    'access': (21, -1), 'faccessat': (269, 48), 'faccessat2': (439, 439), 'readlink': (89, -1),
    'readlinkat': (267, 78), 'getcwd': (79, 17), 'chdir': (80, 49), 'getdents': (78, -1),
    'getdents64': (217, 61), 'mkdir': (83, -1), 'mkdirat': (258, 34), 'rmdir': (84, -1), 'unlink': (87, -1),
    'unlinkat': (263, 35), 'rename': (82, -1), 'renameat': (264, 38), 'renameat2': (316, 276),
    'ftruncate': (77, 46), 'fsync': (74, 82), 'fdatasync': (75, 83), 'fadvise64': (221, 223),
    'umask': (95, 166), 'poll': (7, -1), 'ppoll': (271, 73), 'select': (23, -1), 'pselect6': (270, 72),
    'epoll_create1': (291, 20), 'epoll_ctl': (233, 21), 'epoll_wait': (232, -1), 'epoll_pwait': (281, 22),
    'mmap': (9, 222), 'mprotect': (10, 226), 'munmap': (11, 215), 'mremap': (25, 216), 'brk': (12, 214),
    'set_robust_list': (273, 99), 'rseq': (334, 293), 'rt_sigaction': (13, 134), 'rt_sigprocmask': (14, 135),
    'rt_sigreturn': (15, 139), 'rt_sigpending': (127, 136), 'rt_sigtimedwait': (128, 137),
    'rt_sigsuspend': (130, 133), 'sigaltstack': (131, 132), 'pause': (34, -1), 'alarm': (37, -1),
    'getitimer': (36, 102), 'setitimer': (38, 103), 'restart_syscall': (219, 128), 'nanosleep': (35, 101),
    'clock_nanosleep': (230, 115), 'clock_gettime': (228, 113), 'clock_getres': (229, 114),
    'gettimeofday': (96, 169), 'time': (201, -1), 'times': (100, 153), 'sched_yield': (24, 124),
    'sched_getaffinity': (204, 123), 'getpid': (39, 172), 'getppid': (110, 173), 'gettid': (186, 178),
    'getuid': (102, 174), 'geteuid': (107, 175), 'getgid': (104, 176), 'getegid': (108, 177),
    'getrusage': (98, 165), 'getrlimit': (97, 163), 'getrandom': (318, 278), 'exit': (60, 93),
    'exit_group': (231, 94),
}  # fmt: skip

# Allowed for some values of one 32-bit argument only.
FILTERED: dict[str, tuple[int, int]] = {
    'clone': (56, 220), 'kill': (62, 129), 'tgkill': (234, 131), 'prlimit64': (302, 261),
    'fcntl': (72, 25), 'ioctl': (16, 29), 'futex': (202, 98), 'madvise': (28, 233), 'pipe2': (293, 59),
}  # fmt: skip


@dataclass(frozen=True)
class Architecture:
    column: int
    audit: int
    seccomp: int
    capset: int


ARCHITECTURES = {
    'x86_64': Architecture(column=0, audit=0xC000003E, seccomp=317, capset=126),
    'aarch64': Architecture(column=1, audit=0xC00000B7, seccomp=277, capset=91),
}

CLONE3 = 435
X32_BIT = 0x40000000
# VM | FS | FILES | SIGHAND | THREAD | SYSVSEM | SETTLS | PARENT_SETTID | CHILD_CLEARTID: what pthread_create
# asks for.
THREAD_FLAGS = 0x3D0F00
FCNTL_COMMANDS = (0, 1, 2, 3, 1030)  # DUPFD, GETFD, SETFD, GETFL, DUPFD_CLOEXEC
IOCTL_COMMANDS = (0x5401, 0x541B, 0x5451)  # TCGETS, FIONREAD, FIOCLEX
# Waiting, waking, requeueing; not the operations with priority inheritance, where kernels had their worst bugs.
FUTEX_OPERATIONS = (0, 1, 3, 4, 5, 9, 10)
FUTEX_FLAGS = 0x180  # private, real-time clock
# NORMAL to DONTNEED, FREE, HUGEPAGE, NOHUGEPAGE: not MERGEABLE or PAGEOUT, which tell of others' memory.
MEMORY_ADVICE = (0, 1, 2, 3, 4, 8, 14, 15)
PIPE_FLAGS = (0, 0x800, 0x80000, 0x80800)  # NONBLOCK, CLOEXEC: not O_EXCL, a queue of kernel notifications

_LOAD, _AND, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_ALLOW, _EPERM, _ENOSYS, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
_NUMBER, _ARCH = 0, 4  # offsets in struct seccomp_data

_Code = tuple[bytes, ...]


@functools.lru_cache(maxsize=1)
def filter_program(machine: str, pid: int) -> bytes:
    """The BPF program for a process that knows itself as `pid`. The kernel walks it once per system call
    number when it is loaded, for each child: hence a tree of comparisons and not a list.
    """
    arch = ARCHITECTURES[machine]
    head = (
        _instruction(_LOAD, _ARCH),
        _instruction(_JUMP_EQUAL, arch.audit, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER),
    )
    return b''.join((*head, *_tree(_ranges(machine, pid))))


def _ranges(machine: str, pid: int) -> list[tuple[int, _Code]]:
    """Where each range of numbers starts and what happens in it."""
    column = ARCHITECTURES[machine].column
    allowed = {
        'clone': _allow_when(0, (THREAD_FLAGS,)),
        'kill': _allow_when(0, (pid,)),
        'tgkill': _allow_when(0, (pid,)),
        'prlimit64': _allow_when(0, (0, pid)),
        'fcntl': _allow_when(1, FCNTL_COMMANDS),
        'ioctl': _allow_when(1, IOCTL_COMMANDS),
        'futex': _allow_when(1, FUTEX_OPERATIONS, ~FUTEX_FLAGS),
        'madvise': _allow_when(2, MEMORY_ADVICE),
        'pipe2': _allow_when(1, PIPE_FLAGS),
    }
    refuse = (_instruction(_RETURN, _EPERM),)
    what: dict[int, _Code] = {numbers[column]: (_instruction(_RETURN, _ALLOW),) for numbers in PLAIN.values()}
    what.update({numbers[column]: allowed[name] for name, numbers in FILTERED.items()})
    what.pop(-1, None)
    what[CLONE3] = (_instruction(_RETURN, _ENOSYS),)  # then glibc takes clone, whose flags can be read
    ranges: list[tuple[int, _Code]] = []
    for number in sorted({0, *what, *(number + 1 for number in what)}):
        code = what.get(number, refuse)
        if not ranges or ranges[-1][1] != code:
            ranges.append((number, code))
    if machine == 'x86_64':
        ranges.append((X32_BIT, (_instruction(_RETURN, _KILL),)))
    return ranges


def _tree(ranges: list[tuple[int, _Code]]) -> _Code:
    """Finds the range of the number in the accumulator by bisection."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    lower, upper = _tree(ranges[:middle]), _tree(ranges[middle:])
    return (_instruction(_JUMP_AT_LEAST, ranges[middle][0], len(lower), 0), *lower, *upper)


def _allow_when(argument: int, values: tuple[int, ...], mask: int | None = None) -> _Code:
    """Looks at the low half of an argument (both architectures are little-endian): the kernel reads no more
    of these.
    """
    code = [_instruction(_LOAD, 16 + 8 * argument)]
    if mask is not None:
        code.append(_instruction(_AND, mask & 0xFFFFFFFF))
    for index, value in enumerate(values):
        code.append(_instruction(_JUMP_EQUAL, value, len(values) - index, 0))
    return (*code, _instruction(_RETURN, _EPERM), _instruction(_RETURN, _ALLOW))


def _instruction(operation: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack('=HBBI', operation, if_true, if_false, value)
