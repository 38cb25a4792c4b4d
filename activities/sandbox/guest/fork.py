"""How the zygote makes its children. With namespaces of their own: by one raw `clone`; where that does not
work, by a process in between, which unshares and forks.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import threading
from collections.abc import Callable
from ctypes import get_errno

from confine import OWN_NAMESPACES
from kernel import Call, libc, locked_libc, prctl

_CLONE = {'x86_64': 56, 'aarch64': 220}
_CLONE_CHILD_CLEARTID, _CLONE_CHILD_SETTID = 0x00200000, 0x01000000
_PR_SET_CHILD_SUBREAPER, _PR_GET_TID_ADDRESS = 36, 40

# Found once: a child that looks them up writes to the pages of the dynamic linker.
_syscall = locked_libc.syscall
_before_fork = ctypes.pythonapi.PyOS_BeforeFork
_after_fork_in_child = ctypes.pythonapi.PyOS_AfterFork_Child
_after_fork_in_parent = ctypes.pythonapi.PyOS_AfterFork_Parent
_unshare = Call('namespaces', libc.unshare, OWN_NAMESPACES)


def tid_address() -> int:
    """Where the C library keeps this thread's id, 0 when unknown. The child's id must be written there: else
    its main thread and its first own thread both believe to have the parent's id, and both "own" a
    recursive lock.
    """
    address = ctypes.c_void_p()
    if libc.prctl(_PR_GET_TID_ADDRESS, ctypes.byref(address), 0, 0, 0) != 0 or not address.value:
        return 0
    return address.value if ctypes.c_int.from_address(address.value).value == threading.get_native_id() else 0


def clone_with_namespaces(machine: str, tid: int) -> Callable[[], int]:
    """Like `os.fork`, but the child is process 1 of its own namespaces."""
    flags = OWN_NAMESPACES | signal.SIGCHLD | _CLONE_CHILD_SETTID | _CLONE_CHILD_CLEARTID
    # The last two arguments, TLS and the tid's address, are swapped between the architectures.
    ends = (tid, 0) if machine == 'x86_64' else (0, tid)
    arguments = [ctypes.c_long(value) for value in (_CLONE[machine], flags, 0, 0, *ends)]

    def clone() -> int:
        _before_fork()
        child: int = _syscall(*arguments)
        if child == 0:
            _after_fork_in_child()
            return 0
        error = get_errno()
        _after_fork_in_parent()
        if child < 0:
            raise OSError(error, f'namespaces: {os.strerror(error)}')
        return child

    return clone


def forks(machine: str, *, namespaces: bool, two_steps: bool) -> tuple[str, Callable[[], int]]:
    """How this process makes children, by name. `two_steps` leaves the one raw clone untried."""
    if not namespaces:
        return 'fork', os.fork
    tid = tid_address()
    if tid and not two_steps:
        clone = clone_with_namespaces(machine, tid)
        if _works(clone):
            return 'clone', clone
    # What the second child leaves behind comes to this process, whose child it then is.
    prctl('adopt orphans', _PR_SET_CHILD_SUBREAPER, 1)()
    return 'unshare', fork_in_two_steps


def fork_in_two_steps() -> int:
    """The same by a process that unshares, forks and ends; it tells the second child's number."""
    told, tell = os.pipe()
    between = os.fork()
    if between == 0:
        os.close(told)
        try:
            _unshare()
            child = os.fork()
        except OSError as error:
            os.write(tell, f'-{error.errno}'.encode())
            os._exit(1)
        if child == 0:
            os.close(tell)
            return 0
        os.write(tell, str(child).encode())
        os._exit(0)
    os.close(tell)
    number = int(os.read(told, 32) or -errno.ECHILD)
    os.close(told)
    os.waitpid(between, 0)
    if number < 0:
        raise OSError(-number, f'namespaces: {os.strerror(-number)}')
    return number


def _works(clone: Callable[[], int]) -> bool:
    try:
        child = clone()
    except OSError:
        return False
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return True
