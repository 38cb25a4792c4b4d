"""What a child does to itself before it reads any program text: calls that are made ready in the zygote. A
step that fails raises an OSError that names it.
"""

from __future__ import annotations

import ctypes
import functools
import os
import resource
import struct
from dataclasses import dataclass

import landlock
import syscalls
from kernel import Call, close, close_all, libc, open_from, prctl, system_call, unblock_signals

CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID = 0x10000000, 0x20000, 0x20000000
OWN_NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID
CONTROL_FD = 3

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CAPABILITY_VERSION_3 = 0x20080522
_SECCOMP_SET_MODE_FILTER = 1
_SIGKILL = 9
_MIB = 1 << 20
_FREE_FD = CONTROL_FD + 1  # the lowest free one, once a child has closed what it inherited
_KEPT_FD = 32  # from here on lie what the zygote opened for its children
_END_FD = 1024


@dataclass(frozen=True)
class Confinement:
    level: str
    machine: str
    landlock_abi: int
    memory_bytes: int
    processes: int
    readable: list[str]
    user: int
    group: int


def confinement(to: Confinement) -> list[Call]:
    """In the order in which a child makes them, its control socket being in place. `seccomp` is still due."""
    namespaces = to.level == 'namespaces'
    null = open_from(_KEPT_FD, '/dev/null', os.O_RDWR)
    return [
        *(Call('replace a standard stream', libc.dup2, null, standard) for standard in (0, 1, 2)),
        close_all(_FREE_FD, _KEPT_FD),
        unblock_signals(),
        *(_map_user(to.user, to.group) if namespaces else []),
        *(_own_mounts() if namespaces else []),
        _die_with_the_zygote() if to.level == 'confined' else _drop_capabilities(to.machine),
        *_limit_resources(to),
        prctl('no new privileges', _PR_SET_NO_NEW_PRIVS, 1),
        prctl('not dumpable', _PR_SET_DUMPABLE, 0),
        *_restrict_files(to, '/tmp' if namespaces else None),
        close_all(_KEPT_FD, _END_FD),
    ]


@functools.lru_cache(maxsize=1)
def seccomp(machine: str, pid: int) -> Call:
    """The last step, for a process that knows itself as `pid`."""
    code = syscalls.filter_program(machine, pid)
    instructions = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: count, padding, pointer
    program = ctypes.create_string_buffer(struct.pack('@HP', len(code) // 8, ctypes.addressof(instructions)))
    program.instructions = instructions  # keeps them alive
    number = syscalls.ARCHITECTURES[machine].seccomp
    return system_call('seccomp', number, _SECCOMP_SET_MODE_FILTER, 0, program)


def limit_cpu(seconds: int) -> None:
    """Lowers the limit that a confinement sets; hard, so that a program cannot raise it again."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def _map_user(user: int, group: int) -> list[Call]:
    return [
        *_write('/proc/self/setgroups', b'deny'),
        *_write('/proc/self/uid_map', f'65534 {user} 1'.encode()),
        *_write('/proc/self/gid_map', f'65534 {group} 1'.encode()),
    ]


def _write(path: str, data: bytes) -> list[Call]:
    return [
        Call(f'open {path}', libc.open, path.encode(), os.O_WRONLY | os.O_CLOEXEC, expected=_FREE_FD),
        Call(f'write {path}', libc.write, _FREE_FD, data, len(data), expected=len(data)),
        close(_FREE_FD),
    ]


def _own_mounts() -> list[Call]:
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    return [
        _mount('own /tmp', b'/tmp', flags, b'size=16m,nr_inodes=1024,mode=700'),
        _mount('hide /proc', b'/proc', flags | _MS_RDONLY, b'size=4k,nr_inodes=2,mode=000'),
        Call('go to /tmp', libc.chdir, b'/tmp'),
    ]


def _mount(step: str, target: bytes, flags: int, options: bytes) -> Call:
    return Call(step, libc.mount, b'tmpfs', target, b'tmpfs', flags, options)


def _drop_capabilities(machine: str) -> Call:
    header = struct.pack('=Ii', _CAPABILITY_VERSION_3, 0)
    return system_call('drop capabilities', syscalls.ARCHITECTURES[machine].capset, header, bytes(24))


def _die_with_the_zygote() -> Call:
    return prctl('die with the zygote', _PR_SET_PDEATHSIG, _SIGKILL)


def _limit_resources(to: Confinement) -> list[Call]:
    return [
        _limit('core', resource.RLIMIT_CORE, 0),
        _limit('memory', resource.RLIMIT_AS, to.memory_bytes),
        _limit('file size', resource.RLIMIT_FSIZE, 16 * _MIB),
        _limit('descriptors', resource.RLIMIT_NOFILE, 64),
        _limit('processes', resource.RLIMIT_NPROC, to.processes),
        _limit('locked memory', resource.RLIMIT_MEMLOCK, 0),
        _limit('message queues', resource.RLIMIT_MSGQUEUE, 0),
        _limit('CPU', resource.RLIMIT_CPU, 130),
    ]


def _limit(name: str, limit: int, value: int) -> Call:
    return Call(f'limit {name}', libc.setrlimit, limit, struct.pack('@LL', value, value))


def _restrict_files(to: Confinement, own: str | None) -> list[Call]:
    if not to.landlock_abi:
        return []
    return landlock.restrict(to.landlock_abi, to.readable, own, _FREE_FD, _KEPT_FD)
