"""The warm zygote: a single-threaded process with everything imported, which makes one confined child per
connection.

It never reads a byte of a program. On the control socket it says who ended and how ({"exit": [[slot, wait
status, peak KiB, CPU seconds], …]}) and now and then what it holds itself ({"size": …}). On request it kills
({"kill": slot}) and measures ({"measure": true}, answered by {"growths": [[slot, bytes], …]}). It ends when
the host closes that socket.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import sys
from _socket import socket  # without the wrapper, which would make an object per connection
from typing import Any, NoReturn

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [_HERE, *(path for path in sys.path if path not in ('', _HERE))]
# The standard library's hooks mend locks that other threads held at a fork: here are none, and the hooks
# are dear.
os.register_at_fork = lambda **_: None

import child  # noqa: E402
import fork  # noqa: E402
import landlock  # noqa: E402
import preload  # noqa: E402
import science  # noqa: E402
import sizes  # noqa: E402
from confine import CONTROL_FD as CHILD_FD  # noqa: E402
from confine import Confinement, confinement, seccomp  # noqa: E402
from kernel import Call, libc, signals_as_descriptor  # noqa: E402

LISTENER_FD = 10
CONTROL_FD = 11
_FIRST_PROCESS = 1  # what each child is in namespaces of its own
_SIGNAL_BYTES = 128
_SIZE_EVERY = 256


_encode = json.JSONEncoder(separators=(',', ':')).encode


class Zygote:
    def __init__(self, config: dict[str, Any]) -> None:
        level = config['level']
        self.machine: str = config['python']['machine']
        self.namespaces = level == 'namespaces'
        self.fork_name, self.fork = fork.forks(
            self.machine, namespaces=self.namespaces, two_steps=config.get('twoSteps', False)
        )
        self.landlock_abi = landlock.landlock_abi()
        if self.landlock_abi == 0 and not self.namespaces:
            raise OSError(f'Landlock: level {level} needs it, and this kernel has none')
        to = Confinement(
            level=level,
            machine=self.machine,
            landlock_abi=self.landlock_abi,
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
        self.confinement = confinement(to)
        if self.namespaces:
            seccomp(self.machine, _FIRST_PROCESS)
        self.listener = socket(fileno=LISTENER_FD)
        self.slots = 0
        self.running: dict[int, int] = {}  # process id -> slot
        self.commands = b''

    def serve(self) -> NoReturn:
        ended = signals_as_descriptor(signal.SIGCHLD)
        poll = select.poll()
        for descriptor in (LISTENER_FD, CONTROL_FD, ended):
            poll.register(descriptor, select.POLLIN)
        self.tell(
            {
                'ready': True,
                'landlockAbi': self.landlock_abi,
                'threads': len(os.listdir('/proc/self/task')),
                'fork': self.fork_name,
                'size': sizes.own_size(),
            }
        )
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == LISTENER_FD:
                    self.spawn()
                elif descriptor == CONTROL_FD:
                    self.obey()
                else:
                    os.read(ended, _SIGNAL_BYTES)
                    self.reap()

    def spawn(self) -> None:
        connection, _ = self.listener._accept()
        slot = self.slots = self.slots + 1
        try:
            process = self.fork()
        except OSError as error:
            refuse(connection, error)
            os.close(connection)
            return
        if process == 0:
            self.become_child(connection, slot)
        os.close(connection)
        self.running[process] = slot
        if slot % _SIZE_EVERY == 0:
            self.tell({'size': sizes.own_size()})

    def become_child(self, connection: int, slot: int) -> NoReturn:
        try:
            os.dup2(connection, CHILD_FD)
            carry_out(self.confinement)
            seccomp(self.machine, os.getpid())()
        except BaseException as error:
            refuse(CHILD_FD, error)
            os._exit(70)
        child.serve(CHILD_FD, slot)

    def obey(self) -> None:
        data = os.read(CONTROL_FD, 65536)
        if not data:
            self.end()
        *lines, self.commands = (self.commands + data).split(b'\n')
        for line in lines:
            command = json.loads(line)
            if 'kill' in command:
                self.kill(command['kill'])
            else:
                self.tell({'growths': sizes.growths(self.running)})

    def kill(self, slot: int) -> None:
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
        data = memoryview(_encode(message).encode() + b'\n')
        while data:
            data = data[os.write(CONTROL_FD, data) :]

    def end(self) -> NoReturn:
        for process in self.running:
            os.kill(process, signal.SIGKILL)
        os._exit(0)


def carry_out(calls: list[Call]) -> None:
    for call in calls:
        call()


def refuse(connection: int, error: BaseException) -> None:
    os.write(connection, json.dumps({'t': 'broken', 'error': str(error) or repr(error)}).encode() + b'\n')


def main() -> None:
    config: dict[str, Any] = json.loads(sys.argv[1])
    preload.preload()
    if config.get('packages'):
        # Programs keep the room that they have without the libraries.
        before = _address_space_mb()
        science.load(config['packages'])
        config['memoryMb'] += _address_space_mb() - before
    child.prepare()
    carry_out([Call('rehearse', libc.getpid)] * 40)
    zygote = Zygote(config)
    try:
        # When memory runs out, the kernel shall take programs and not the worker.
        with open('/proc/self/oom_score_adj', 'w', encoding='ascii') as score:
            score.write('1000')
    except OSError:
        pass
    sys.argv[:] = sys.orig_argv[:] = ['program']
    os.environ.pop('LD_BIND_NOW', None)
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
