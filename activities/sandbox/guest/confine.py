"""What a child does to itself before it reads any program text. Each step raises an OSError that names it."""

from __future__ import annotations

import ctypes
import os
import resource
import struct
from dataclasses import dataclass

import kernel
import landlock
import syscalls

CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID = 0x10000000, 0x20000, 0x20000000
OWN_NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CAPABILITY_VERSION_3 = 0x20080522
_SECCOMP_SET_MODE_FILTER = 1
_SIGKILL = 9
_MIB = 1 << 20


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


def confine(to: Confinement) -> None:
    if to.level == 'namespaces':
        _map_user(to.user, to.group)
        _own_mounts()
    if to.level != 'confined':
        _drop_capabilities(to.machine)
    else:
        kernel.prctl('die with the zygote', _PR_SET_PDEATHSIG, _SIGKILL)
    _limit_resources(to)
    kernel.prctl('no new privileges', _PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl('not dumpable', _PR_SET_DUMPABLE, 0)
    if to.landlock_abi:
        landlock.restrict(
            to.landlock_abi, to.readable, ['/dev/null', *(['/tmp'] if to.level == 'namespaces' else [])]
        )
    _filter_system_calls(to.machine)


def limit_cpu(seconds: int) -> None:
    """Lowers the limit that `confine` set; hard, so that a program cannot raise it again."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def _map_user(user: int, group: int) -> None:
    _write('/proc/self/setgroups', b'deny')
    _write('/proc/self/uid_map', f'65534 {user} 1'.encode())
    _write('/proc/self/gid_map', f'65534 {group} 1'.encode())


def _write(path: str, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    os.write(handle, data)
    os.close(handle)


def _own_mounts() -> None:
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    kernel.mount('own /tmp', b'/tmp', b'tmpfs', flags, b'size=16m,nr_inodes=1024,mode=700')
    kernel.mount('hide /proc', b'/proc', b'tmpfs', flags | _MS_RDONLY, b'size=4k,nr_inodes=2,mode=000')
    os.chdir('/tmp')


def _drop_capabilities(machine: str) -> None:
    header = struct.pack('=Ii', _CAPABILITY_VERSION_3, 0)
    kernel.system_call('drop capabilities', syscalls.ARCHITECTURES[machine].capset, header, bytes(24))


def _limit_resources(to: Confinement) -> None:
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, to.memory_bytes),
        (resource.RLIMIT_FSIZE, 16 * _MIB),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_NPROC, to.processes),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    limit_cpu(130)


def _filter_system_calls(machine: str) -> None:
    code = syscalls.filter_program(machine, os.getpid())
    instructions = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: count, padding, pointer
    program = ctypes.create_string_buffer(struct.pack('@HP', len(code) // 8, ctypes.addressof(instructions)))
    kernel.system_call(
        'seccomp', syscalls.ARCHITECTURES[machine].seccomp, _SECCOMP_SET_MODE_FILTER, 0, program
    )
