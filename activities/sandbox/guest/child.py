"""One confined child: tells the host that it is ready, reads one start frame, does what it asks, sends one
result, ends.
"""

from __future__ import annotations

import gc
import io
import json
import os
import socket
import sys
import threading
import warnings
from typing import Any, NoReturn

import channel
import code_runner
import confine
import event_loop
import examiner
import library
import lineage
import ordering
import runner
import science
import seeding
import shape
import thread_pool
from captured import Captured
from failures import Failure
from reading import findings

_THREAD_STACK_BYTES = 1 << 20
_REHEARSALS = 20
_REHEARSED = """from utils import *
class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)
    def forward(self, query):
        return self.llm.call_llm(f'{query}') + self.llm.call_llm('again', temperature=0.1)
"""

_channel = channel.Channel()
_input, _output = io.StringIO(''), Captured()


def prepare() -> None:
    """Runs once, in the zygote: patches the standard library and installs `utils`."""
    lineage.install(_channel)
    ordering.install()
    event_loop.install()
    thread_pool.install()
    seeding.install()
    science.install()
    library.install(_channel)
    runner.prepare()
    warnings.simplefilter('ignore', SyntaxWarning)  # it is no business of the program's output
    _rehearse()
    # The default of 8 MiB would let the address-space limit stop an honest program at a dozen threads.
    threading.stack_size(_THREAD_STACK_BYTES)


def _rehearse() -> None:
    """Runs a program some times, here: what Python sets up at first use, and what it learns of code that has
    run, is then there for each child, which would write it to pages of its own.
    """
    host, guest = socket.socketpair()
    start = {'mode': 'program', 'source': _REHEARSED, 'query': 'q', 'models': []}
    start |= {'seed': '', 'startedAtMs': 0}
    for _ in range(_REHEARSALS):
        _channel.begin(guest.fileno())
        for frame in (start, {'id': 1, 'ok': True, 'value': 'x'}, {'id': 2, 'ok': True, 'value': 'x'}):
            host.sendall(json.dumps(frame).encode() + b'\n')
        _channel.send(_work(_greet(0), Captured()))
        host.recv(1 << 16)
    host.close()
    guest.close()
    _channel.begin(3)
    runner.prepare()


def serve(descriptor: int, slot: int) -> NoReturn:
    assert descriptor == _channel.descriptor
    gc.enable()
    sys.stdin, sys.stdout, sys.stderr = _input, _output, _output
    start = _greet(slot)
    confine.limit_cpu(start['cpuS'])
    _channel.send(_work(start, _output))
    os._exit(0)


def _greet(slot: int) -> dict[str, Any]:
    _channel.write(b'{"t":"ready","slot":%d}\n' % slot)
    return _channel.receive()


def _work(start: dict[str, Any], output: Captured) -> dict[str, Any]:
    mode = start['mode']
    if mode == 'check':
        return _check(start['source'])
    if mode == 'read':
        return {'t': 'read', **findings.read_program(start['source'])}
    seeding.begin(start['seed'], start['startedAtMs'])
    if start.get('absent'):
        science.absent(start['absent'])
    if mode in ('code', 'examine'):
        library.uninstall()
        output = Captured(lambda text: _channel.send({'t': 'printed', 'text': text}))
        sys.stdout, sys.stderr = output, Captured()
        if mode == 'code':
            return code_runner.run_code(start, output, _channel)
        return examiner.examine(start, _channel)
    return runner.run_program(start, output)


def _check(source: str) -> dict[str, Any]:
    try:
        shape.parse(source.removeprefix('\ufeff'))
    except Failure as failure:
        return {'t': 'checked', 'ok': False, 'kind': failure.kind, 'message': failure.message}
    return {'t': 'checked', 'ok': True}
