"""The warm zygote: a single-threaded process with everything imported, which makes one confined child per
connection.

It never reads a byte of a program. On the control socket it says who ended and how ({"exit": [[slot, wait
status, peak KiB, CPU seconds], …]}), and kills on request ({"kill": slot}). It ends when the host closes that
socket.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import socket
import sys
from typing import Any, NoReturn

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [_HERE, *(path for path in sys.path if path not in ('', _HERE))]

import child  # noqa: E402
import fork  # noqa: E402
import landlock  # noqa: E402
import preload  # noqa: E402
import science  # noqa: E402
import syscalls  # noqa: E402
from confine import Confinement, confine  # noqa: E402

LISTENER_FD = 10
CONTROL_FD = 11
_CHILD_FD = 3
_PR_SET_CHILD_SUBREAPER = 36


class Zygote:
    def __init__(self, config: dict[str, Any]) -> None:
        self.machine: str = config['python']['machine']
        self.namespaces = config['level'] == 'namespaces'
        self.tid = fork.tid_address() if self.namespaces else 0
        if self.namespaces and not self.tid:
            raise OSError(
                'namespaces: this kernel does not tell the address of a thread id (CONFIG_CHECKPOINT_RESTORE)'
            )
        self.confinement = Confinement(
            level=config['level'],
            machine=self.machine,
            landlock_abi=landlock.landlock_abi(),
            memory_bytes=config['memoryMb'] << 20,
            processes=64 if self.namespaces else 4096,
            readable=[
                *config['python']['standardLibrary'],
                *filter(None, [config.get('packages')]),
                '/usr/share/zoneinfo',
                '/dev/urandom',
            ],
            user=os.getuid(),
            group=os.getgid(),
        )
        if self.confinement.landlock_abi == 0 and not self.namespaces:
            raise OSError(f'Landlock: level {config["level"]} needs it, and this kernel has none')
        if self.namespaces:
            syscalls.filter_program(self.machine, 1)  # cached: every child is process 1 of its namespaces
        self.listener = socket.socket(fileno=LISTENER_FD)
        self.null = os.open('/dev/null', os.O_RDWR | os.O_CLOEXEC)
        self.slots = 0
        self.running: dict[int, int] = {}  # process id -> slot
        self.commands = b''

    def serve(self) -> NoReturn:
        wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        for descriptor in (LISTENER_FD, CONTROL_FD, wake):
            poll.register(descriptor, select.POLLIN)
        self.tell(
            {
                'ready': True,
                'landlockAbi': self.confinement.landlock_abi,
                'threads': len(os.listdir('/proc/self/task')),
            }
        )
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == LISTENER_FD:
                    self.spawn()
                elif descriptor == CONTROL_FD:
                    self.obey()
                else:
                    os.read(wake, 4096)
                    self.reap()

    def spawn(self) -> None:
        connection = self.listener.accept()[0].detach()
        slot = self.slots = self.slots + 1
        try:
            process = fork.clone_with_namespaces(self.machine, self.tid) if self.namespaces else os.fork()
        except OSError as error:
            os.write(connection, json.dumps({'t': 'broken', 'error': str(error)}).encode() + b'\n')
            os.close(connection)
            return
        if process == 0:
            self.become_child(connection, slot)
        os.close(connection)
        self.running[process] = slot

    def become_child(self, connection: int, slot: int) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for standard in (0, 1, 2):
                os.dup2(self.null, standard)
            os.dup2(connection, _CHILD_FD)  # after them: the null device may have this number
            os.closerange(4, 1024)
            confine(self.confinement)
        except BaseException as error:
            os.write(
                _CHILD_FD, json.dumps({'t': 'broken', 'error': str(error) or repr(error)}).encode() + b'\n'
            )
            os._exit(70)
        child.serve(_CHILD_FD, slot)

    def obey(self) -> None:
        data = os.read(CONTROL_FD, 65536)
        if not data:
            self.end()
        *lines, self.commands = (self.commands + data).split(b'\n')
        for line in lines:
            slot = json.loads(line)['kill']
            for process, running in self.running.items():
                if running == slot:
                    os.kill(process, signal.SIGKILL)

    def reap(self) -> None:
        ended = []
        while self.running:
            process, status, usage = os.wait4(-1, os.WNOHANG)
            if process == 0:
                break
            if os.WIFSTOPPED(status):  # nothing may stop a program, and a stopped one would never end
                os.kill(process, signal.SIGKILL)
                continue
            slot = self.running.pop(process, None)
            if slot is not None:
                ended.append([slot, status, usage.ru_maxrss, round(usage.ru_utime + usage.ru_stime, 6)])
        if ended:
            self.tell({'exit': ended})

    def tell(self, message: dict[str, Any]) -> None:
        data = memoryview(json.dumps(message).encode() + b'\n')
        while data:
            data = data[os.write(CONTROL_FD, data) :]

    def end(self) -> NoReturn:
        for process in self.running:
            os.kill(process, signal.SIGKILL)
        os._exit(0)


def main() -> None:
    config: dict[str, Any] = json.loads(sys.argv[1])
    preload.preload()
    if config.get('packages'):
        # Programs keep the room that they have without the libraries.
        before = _address_space_mb()
        science.load(config['packages'])
        config['memoryMb'] += _address_space_mb() - before
    child.prepare()
    zygote = Zygote(config)
    try:
        # When memory runs out, the kernel shall take programs and not the worker.
        with open('/proc/self/oom_score_adj', 'w', encoding='ascii') as score:
            score.write('1000')
    except OSError:
        pass
    sys.argv[:] = sys.orig_argv[:] = ['program']
    sys.path.remove(_HERE)
    gc.collect()
    gc.freeze()
    gc.disable()
    zygote.serve()


def _address_space_mb() -> int:
    with open('/proc/self/statm', encoding='ascii') as sizes:
        return int(sizes.read().split()[0]) * resource.getpagesize() >> 20


if __name__ == '__main__':
    main()
