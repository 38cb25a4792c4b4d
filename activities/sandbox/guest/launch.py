"""Outside the sandbox: binds the socket, drops to the dedicated uid, then becomes bubblewrap with the zygote
in it, or the zygote.

argv[1] is the configuration (JSON of `ZygoteConfig` in ../zygote.ts); descriptor 3 is the host's control
socket. The listening socket is inherited, so that no path of it is visible inside.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
from typing import Any, NoReturn

LISTENER_FD = 10
CONTROL_FD = 11
PR_SET_PDEATHSIG = 1
ADDR_NO_RANDOMIZE = 0x0040000
BACKLOG = 4096
PACKAGES = '/science'
# Directories that are there to be mounted on: they cover nothing.
MOUNT_POINTS_OF_PROC = ('/proc/sys/fs/binfmt_misc', '/proc/fs/nfsd', '/proc/xen')


def main() -> NoReturn:
    config: dict[str, Any] = json.loads(sys.argv[1])
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(config['socket'])
    os.chmod(config['socket'], 0o600)
    listener.listen(BACKLOG)
    os.dup2(3, CONTROL_FD, inheritable=True)
    os.dup2(listener.fileno(), LISTENER_FD, inheritable=True)
    os.closerange(3, LISTENER_FD)
    libc = ctypes.CDLL(None, use_errno=True)
    # The order of addresses decides the order of id() and of sets of objects: replays need it to be the same
    # each time.
    libc.personality(ctypes.c_ulong(ADDR_NO_RANDOMIZE))
    if config['uid'] is not None:
        os.setgroups([])
        os.setgid(config['uid'])
        os.setuid(config['uid'])
    # After setuid, which would clear it: whatever ends the worker ends the sandbox.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    python = [config['python']['executable'], *interpreter_flags(config)]
    if config['level'] == 'confined':
        zygote = [*python, os.path.join(config['guest'], 'zygote.py'), for_zygote(config)]
        os.chdir('/')
        os.execve(python[0], zygote, environment(config))
    command = [
        config['bubblewrap'],
        *bubblewrap_flags(config),
        *python,
        '/guest/zygote.py',
        for_zygote(config),
    ]
    os.execve(config['bubblewrap'], command, {})


def for_zygote(config: dict[str, Any]) -> str:
    """A program can find what its process was started with: no path of the host that the level hides."""
    python = {name: config['python'][name] for name in ('machine', 'standardLibrary')}
    packages = config.get('packages')
    if packages and config['level'] != 'confined':
        packages = PACKAGES
    needed = {
        'level': config['level'],
        'memoryMb': config['memoryMb'],
        'python': python,
        'packages': packages,
    }
    needed['twoSteps'] = config.get('twoSteps', False)
    return json.dumps(needed, separators=(',', ':'))


def interpreter_flags(config: dict[str, Any]) -> list[str]:
    """Not -I or -E: they ignore PYTHONHASHSEED. The zygote makes up for -P where the interpreter is too old
    for it.
    """
    return ['-s', '-S', '-B'] if config['python']['version'] < [3, 11] else ['-s', '-S', '-P', '-B']


def environment(config: dict[str, Any]) -> dict[str, str]:
    return {
        'PYTHONHASHSEED': '0',
        'MALLOC_ARENA_MAX': '1',
        'OPENBLAS_NUM_THREADS': '1',
        'OMP_NUM_THREADS': '1',
        'LD_BIND_NOW': '1',  # else each child binds its functions by itself
        'LANG': 'C.UTF-8',
        'TZ': 'UTC',
        'HOME': '/tmp',
        'LD_LIBRARY_PATH': ':'.join(config['python']['libraries']),
    }


def bubblewrap_flags(config: dict[str, Any]) -> list[str]:
    python = config['python']
    flags = ['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL']
    flags += ['--uid', '65534', '--gid', '65534', '--hostname', 'sandbox']
    for path in [
        *python['libraries'],
        *python['standardLibrary'],
        python['executable'],
        '/usr/share/zoneinfo',
    ]:
        flags += ['--ro-bind-try', path, path]
    for name in ('/lib', '/lib64'):
        if os.path.islink(name):
            flags += ['--symlink', os.readlink(name), name]
    if python['loader']:
        directory = os.path.realpath(os.path.dirname(python['loader']))
        flags += ['--ro-bind-try', directory, directory]
    flags += ['--ro-bind', config['guest'], '/guest']
    if config.get('packages'):
        flags += ['--ro-bind', config['packages'], PACKAGES]  # not where /tmp could hide it
    flags += proc_flags()
    flags += [
        '--dev',
        '/dev',
        '--size',
        '16777216',
        '--tmpfs',
        '/tmp',
        '--chdir',
        '/tmp',
        '--clearenv',
    ]
    for name, value in environment(config).items():
        flags += ['--setenv', name, value]
    return flags


def proc_flags() -> list[str]:
    """Where parts of /proc are covered, as in a container, the kernel refuses a new one to a user namespace:
    then the zygote has the container's. Programs cannot read either.
    """
    with open('/proc/self/mountinfo', encoding='utf-8') as mounts:
        points = [line.split()[4] for line in mounts]
    covered = [point for point in points if point.startswith('/proc/') and point not in MOUNT_POINTS_OF_PROC]
    return ['--bind', '/proc', '/proc'] if covered else ['--proc', '/proc']


if __name__ == '__main__':
    main()
