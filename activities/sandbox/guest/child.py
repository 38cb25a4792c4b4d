"""One confined child: tells the host that it is ready, reads one start frame, does what it asks, sends one
result, ends.
"""

from __future__ import annotations

import gc
import io
import json
import os
import sys
import threading
from typing import Any, NoReturn

import channel
import code_runner
import confine
import event_loop
import findings
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

_THREAD_STACK_BYTES = 1 << 20

_channel = channel.Channel(3)


def prepare() -> None:
    """Runs once, in the zygote: patches the standard library and installs `utils`."""
    lineage.install(_channel)
    ordering.install()
    event_loop.install()
    thread_pool.install()
    seeding.install()
    science.install()
    library.install(_channel)
    _warm_up()
    # The default of 8 MiB would let the address-space limit stop an honest program at a dozen threads.
    threading.stack_size(_THREAD_STACK_BYTES)


def _warm_up() -> None:
    """What Python sets up at first use is set up here, once, and not in each child."""
    source = (
        'from utils import *\n'
        'class MAS:\n'
        ' def __init__(self, model_list): ...\n'
        ' def forward(self, query): return query\n'
    )
    names: dict[str, Any] = {}
    exec(compile(shape.parse(source), runner.FILE, 'exec', dont_inherit=True), names)
    print(json.loads(json.dumps([names['MAS']([]).forward('x')], separators=(',', ':'))), file=Captured())


def serve(descriptor: int, slot: int) -> NoReturn:
    assert descriptor == _channel.descriptor
    gc.enable()
    output = Captured()
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(''), output, output
    _channel.send({'t': 'ready', 'slot': slot})
    start = _channel.receive()
    _channel.send(_work(start, output))
    os._exit(0)


def _work(start: dict[str, Any], output: Captured) -> dict[str, Any]:
    confine.limit_cpu(start['cpuS'])
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
