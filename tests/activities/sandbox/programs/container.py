"""Runs a command as docker-compose.yml runs a worker, as far as a kernel can tell: masked /proc, the 14 capabilities of a
Docker container, and the seccomp profile given. Needs root. argv: profile, table of system calls, command.
"""

import ctypes
import json
import os
import platform
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x20, 0x1000, 0x4000, 0x40000
PR_CAPBSET_DROP = 24
# chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw, sys_chroot, mknod,
# audit_write, setfcap
CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)
MASKED = (
    '/proc/acpi',
    '/proc/interrupts',
    '/proc/kcore',
    '/proc/keys',
    '/proc/latency_stats',
    '/proc/timer_list',
)
MASKED += (
    '/proc/timer_stats',
    '/proc/sched_debug',
    '/proc/scsi',
    '/sys/firmware',
    '/sys/devices/virtual/powercap',
)
READ_ONLY = ('/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger')
MACHINES = {'x86_64': (0, 0xC000003E, 317), 'aarch64': (1, 0xC00000B7, 277)}
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        profile = json.load(file)
    with open(sys.argv[2], encoding='utf-8') as file:
        numbers = json.load(file)
    mask_proc()
    load(profile, numbers)
    keep_capabilities()
    os.execv(sys.argv[3], sys.argv[3:])


def mask_proc():
    checked(libc.unshare(CLONE_NEWNS), 'unshare')
    mount(b'none', b'/', None, MS_REC | MS_PRIVATE)
    for path in map(os.fsencode, filter(os.path.exists, MASKED)):
        if os.path.isdir(path):
            mount(b'tmpfs', path, b'tmpfs', MS_RDONLY)
        else:
            mount(b'/dev/null', path, None, MS_BIND)
    for path in map(os.fsencode, filter(os.path.exists, READ_ONLY)):
        mount(path, path, None, MS_BIND | MS_REC)
        mount(path, path, None, MS_BIND | MS_REC | MS_REMOUNT | MS_RDONLY)


def mount(source, target, kind, flags):
    checked(libc.mount(source, target, kind, ctypes.c_ulong(flags), None), f'mount {target!r}')


def keep_capabilities():
    for number in range(64):
        if number not in CAPABILITIES:
            libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    kept = sum(1 << number for number in CAPABILITIES)
    header = struct.pack('=Ii', 0x20080522, 0)
    sets = struct.pack('=IIIIII', kept, kept, 0, 0, 0, 0)
    checked(libc.capset(header, sets), 'capset')


def load(profile, numbers):
    column, audit, seccomp = MACHINES[platform.machine()]
    code = [op(0x20, 4), op(0x15, audit, 1, 0), op(0x06, KILL)]
    for rule in profile['syscalls']:
        for name in rule['names']:
            number = numbers.get(name, (-1, -1))[column]
            if number >= 0:
                code += rule_code(number, rule)
    default = ERRNO | profile['defaultErrnoRet']
    instructions = b''.join([*code, op(0x06, default)])
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    header = ctypes.create_string_buffer(struct.pack('@HP', len(instructions) // 8, ctypes.addressof(buffer)))
    checked(libc.syscall(seccomp, 1, 0, header), 'seccomp')


def rule_code(number, rule):
    allows = rule['action'] == 'SCMP_ACT_ALLOW'
    answer = op(0x06, ALLOW if allows else ERRNO | rule['errnoRet'])
    conditions = rule.get('args', [])
    if not conditions:
        return [op(0x20, 0), op(0x15, number, 0, 1), answer]
    (condition,) = conditions
    # 32 bits do for the arguments of socket, clone and personality
    value = condition['value']
    test = {
        'SCMP_CMP_EQ': [op(0x15, value, 0, 1)],
        'SCMP_CMP_NE': [op(0x15, value, 1, 0)],
        'SCMP_CMP_MASKED_EQ': [op(0x54, value), op(0x15, condition.get('valueTwo', 0), 0, 1)],
    }[condition['op']]
    return [
        op(0x20, 0),
        op(0x15, number, 0, 2 + len(test)),
        op(0x20, 16 + 8 * condition['index']),
        *test,
        answer,
    ]


def op(code, value, if_true=0, if_false=0):
    return struct.pack('=HBBI', code, if_true, if_false, value)


def checked(result, step):
    if result < 0:
        raise OSError(ctypes.get_errno(), f'{step}: {os.strerror(ctypes.get_errno())}')


main()
