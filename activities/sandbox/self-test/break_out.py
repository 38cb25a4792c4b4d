"""The self-test's program: tries to break out of the sandbox and returns what succeeded, as JSON. An empty
list means confined.
"""

import asyncio
import ctypes
import fcntl
import resource
import socket

from utils import *

LIBC = ctypes.CDLL(None, use_errno=True)


def denied(system_call):
    """Whether a raw system call failed for lack of permission (or is unknown to the kernel)."""
    return LIBC.syscall(*system_call) == -1 and ctypes.get_errno() in (1, 13, 38)


def reads(path):
    with open(path, 'rb') as file:
        file.read(1)


def appends(path):
    with open(path, 'a', encoding='ascii') as file:
        file.write('broken out')


def connects(port):
    socket.create_connection(('127.0.0.1', port), timeout=1).close()


def forks():
    if os.fork() == 0:
        os._exit(0)


def raises_limits():
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard * 2, hard * 2))


def finds_descriptors():
    for descriptor in range(4, 1024):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        return
    raise OSError('none')


def forbidden_calls():
    machine = os.uname().machine
    # ptrace, unshare, mount, setns, bpf, io_uring_setup, keyctl, perf_event_open, userfaultfd,
    # process_vm_readv, execve, socket
    numbers = {
        'x86_64': (101, 272, 165, 308, 321, 425, 250, 298, 323, 310, 59, 41),
        'aarch64': (117, 97, 40, 268, 280, 425, 219, 241, 282, 270, 221, 198),
    }[machine]
    # 16 is harmless for all of them, should they be open: ptrace would attach to process 0
    open_calls = [number for number in numbers if not denied((number, 16, 0, 0, 0, 0))]
    if not open_calls:
        raise OSError('all denied')


def attacks(target):
    return {
        'read a file of the host': lambda: reads(target['canary']),
        'write a file of the host': lambda: appends(target['canary']),
        'list the directory of the host': lambda: os.listdir(os.path.dirname(target['canary'])),
        'read /etc/passwd': lambda: reads('/etc/passwd'),
        'read the environment of process 1': lambda: reads('/proc/1/environ'),
        'read its own memory map': lambda: reads('/proc/self/maps'),
        'list processes': lambda: os.listdir('/proc'),
        'connect to a port of the host': lambda: connects(target['port']),
        'make a UDP socket': lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        'make a socket pair': socket.socketpair,
        'fork': forks,
        'run a shell': lambda: os.execv('/bin/sh', ['sh', '-c', 'true']),
        'signal the worker': lambda: os.kill(target['pid'], 0),
        'signal its group': lambda: os.kill(0, 0),
        'raise its limits': raises_limits,
        'find an open descriptor': finds_descriptors,
        'own the signals of the control socket': lambda: fcntl.fcntl(3, fcntl.F_SETOWN, target['pid']),
        'ask the control socket for network devices': lambda: fcntl.ioctl(3, 0x8912, b'\0' * 16),
        'make a forbidden system call': forbidden_calls,
    }


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, targets):
        broken = []
        for name, attack in attacks(json.loads(targets)).items():
            try:
                attack()
            except Exception:
                continue
            broken.append(name)
        self.work_honestly()
        return json.dumps(broken)

    def work_honestly(self):
        """Threads, an event loop and a call: a level that forbids these is of no use."""
        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(self.llm.call_llm, ['a', 'b']))
        replies.append(asyncio.run(asyncio.to_thread(self.llm.call_llm, 'c')))
        if replies != ['a', 'b', 'c']:
            raise RuntimeError(f'calls were answered wrongly: {replies}')
