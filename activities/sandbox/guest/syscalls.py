"""The seccomp allow-list, as classic BPF: what a confined Python needs, by name, with the numbers of x86_64
and aarch64.

Everything else answers EPERM. A foreign architecture or the x32 ABI kills. `clone` makes threads only,
`kill`, `tgkill` and `prlimit64` reach the process itself only, `fcntl` and `ioctl` know a few harmless
commands.
"""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass, field

# x86_64, aarch64 (-1: the architecture lacks it)
PLAIN: dict[str, tuple[int, int]] = {
    'read': (0, 63), 'write': (1, 64), 'readv': (19, 65), 'writev': (20, 66), 'pread64': (17, 67),
    'pwrite64': (18, 68), 'open': (2, -1), 'openat': (257, 56), 'close': (3, 57), 'lseek': (8, 62),
    'dup': (32, 23), 'dup2': (33, -1), 'dup3': (292, 24), 'pipe': (22, -1), 'pipe2': (293, 59),
    'eventfd2': (290, 19), 'stat': (4, -1), 'lstat': (6, -1), 'fstat': (5, 80), 'newfstatat': (262, 79),
    'statx': (332, 291), 'statfs': (137, 43), 'fstatfs': (138, 44), 'access': (21, -1),
    'faccessat': (269, 48), 'faccessat2': (439, 439), 'readlink': (89, -1), 'readlinkat': (267, 78),
    'getcwd': (79, 17), 'chdir': (80, 49), 'getdents': (78, -1), 'getdents64': (217, 61), 'mkdir': (83, -1),
    'mkdirat': (258, 34), 'rmdir': (84, -1), 'unlink': (87, -1), 'unlinkat': (263, 35), 'rename': (82, -1),
    'renameat': (264, 38), 'renameat2': (316, 276), 'truncate': (76, 45), 'ftruncate': (77, 46),
    'fsync': (74, 82), 'fdatasync': (75, 83), 'fadvise64': (221, 223), 'umask': (95, 166), 'poll': (7, -1),
    'ppoll': (271, 73), 'select': (23, -1), 'pselect6': (270, 72), 'epoll_create1': (291, 20),
    'epoll_ctl': (233, 21), 'epoll_wait': (232, -1), 'epoll_pwait': (281, 22), 'mmap': (9, 222),
    'mprotect': (10, 226), 'munmap': (11, 215), 'mremap': (25, 216), 'madvise': (28, 233), 'brk': (12, 214),
    'membarrier': (324, 283), 'futex': (202, 98), 'set_robust_list': (273, 99), 'rseq': (334, 293),
    'rt_sigaction': (13, 134), 'rt_sigprocmask': (14, 135), 'rt_sigreturn': (15, 139),
    'rt_sigpending': (127, 136), 'rt_sigtimedwait': (128, 137), 'rt_sigsuspend': (130, 133),
    'sigaltstack': (131, 132), 'pause': (34, -1), 'alarm': (37, -1), 'getitimer': (36, 102),
    'setitimer': (38, 103), 'restart_syscall': (219, 128), 'nanosleep': (35, 101),
    'clock_nanosleep': (230, 115), 'clock_gettime': (228, 113), 'clock_getres': (229, 114),
    'gettimeofday': (96, 169), 'time': (201, -1), 'times': (100, 153), 'sched_yield': (24, 124),
    'sched_getaffinity': (204, 123), 'getpid': (39, 172), 'getppid': (110, 173), 'gettid': (186, 178),
    'getuid': (102, 174), 'geteuid': (107, 175), 'getgid': (104, 176), 'getegid': (108, 177),
    'uname': (63, 160), 'sysinfo': (99, 179), 'getrusage': (98, 165), 'getrlimit': (97, 163),
    'getrandom': (318, 278), 'exit': (60, 93), 'exit_group': (231, 94),
}  # fmt: skip


@dataclass(frozen=True)
class Architecture:
    audit: int
    column: int
    clone: int
    kill: int
    tgkill: int
    prlimit64: int
    fcntl: int
    ioctl: int
    seccomp: int
    capset: int
    plain: list[int] = field(default_factory=list)


def _architecture(column: int, **numbers: int) -> Architecture:
    return Architecture(
        column=column, plain=sorted(pair[column] for pair in PLAIN.values() if pair[column] >= 0), **numbers
    )


ARCHITECTURES = {
    'x86_64': _architecture(
        0,
        audit=0xC000003E,
        clone=56,
        kill=62,
        tgkill=234,
        prlimit64=302,
        fcntl=72,
        ioctl=16,
        seccomp=317,
        capset=126,
    ),
    'aarch64': _architecture(
        1,
        audit=0xC00000B7,
        clone=220,
        kill=129,
        tgkill=131,
        prlimit64=261,
        fcntl=25,
        ioctl=29,
        seccomp=277,
        capset=91,
    ),
}

CLONE3 = 435
X32_BIT = 0x40000000
# VM | FS | FILES | SIGHAND | THREAD | SYSVSEM | SETTLS | PARENT_SETTID | CHILD_CLEARTID: what pthread_create
# asks for.
THREAD_FLAGS = 0x3D0F00
FCNTL_COMMANDS = (0, 1, 2, 3, 1030)  # DUPFD, GETFD, SETFD, GETFL, DUPFD_CLOEXEC
IOCTL_COMMANDS = (0x5401, 0x541B, 0x5451)  # TCGETS, FIONREAD, FIOCLEX

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _EPERM, _ENOSYS, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
_NUMBER, _ARCH = 0, 4  # offsets in struct seccomp_data


def _argument(index: int) -> int:
    """Offset of an argument's low half (both architectures are little-endian); all filtered arguments are 32
    bits wide.
    """
    return 16 + 8 * index


@functools.lru_cache(maxsize=1)
def filter_program(machine: str, pid: int) -> bytes:
    """The BPF program for a process that knows itself as `pid`."""
    arch = ARCHITECTURES[machine]
    code: list[bytes] = []

    def emit(operation: int, value: int, if_true: int = 0, if_false: int = 0) -> None:
        code.append(struct.pack('=HBBI', operation, if_true, if_false, value))

    def allow_when(number: int, argument: int, values: tuple[int, ...]) -> None:
        emit(_JUMP_EQUAL, number, 0, len(values) + 3)
        emit(_LOAD, _argument(argument))
        for index, value in enumerate(values):
            emit(_JUMP_EQUAL, value, len(values) - index, 0)
        emit(_RETURN, _EPERM)
        emit(_RETURN, _ALLOW)

    emit(_LOAD, _ARCH)
    emit(_JUMP_EQUAL, arch.audit, 1, 0)
    emit(_RETURN, _KILL)
    emit(_LOAD, _NUMBER)
    if machine == 'x86_64':
        emit(_JUMP_AT_LEAST, X32_BIT, 0, 1)
        emit(_RETURN, _KILL)
    emit(_JUMP_EQUAL, CLONE3, 0, 1)
    emit(_RETURN, _ENOSYS)  # then glibc falls back to clone, whose flags can be read
    allow_when(arch.clone, 0, (THREAD_FLAGS,))
    allow_when(arch.kill, 0, (pid,))
    allow_when(arch.tgkill, 0, (pid,))
    allow_when(arch.prlimit64, 0, (0, pid))
    allow_when(arch.fcntl, 1, FCNTL_COMMANDS)
    allow_when(arch.ioctl, 1, IOCTL_COMMANDS)
    for index, number in enumerate(arch.plain):
        emit(_JUMP_EQUAL, number, len(arch.plain) - index, 0)
    emit(_RETURN, _EPERM)
    emit(_RETURN, _ALLOW)
    return b''.join(code)
