/**
 * The seccomp filter, number by number: for both architectures in a BPF interpreter against the numbers of the kernel's
 * headers, and for this machine's really, inside the sandbox.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { levelsHere, runProgram, testSandbox } from '../../support/sandbox.ts';
import { runFilter } from './bpf.ts';

/** Name -> numbers on x86_64 and aarch64 (-1: none), from asm/unistd_64.h and asm-generic/unistd.h of Linux 6.1 and, above 450, of 6.17. */
const numbers = JSON.parse(readFileSync(new URL('syscall-numbers.json', import.meta.url), 'utf8')) as Record<
  string,
  [number, number]
>;

/** What a program may call whatever the arguments. A name more or less here is a decision about the sandbox. */
const allowed = new Set(
  `read write readv writev pread64 pwrite64 open openat close lseek dup dup2 dup3 pipe eventfd2
  stat lstat fstat newfstatat statx access faccessat faccessat2 readlink readlinkat getcwd chdir getdents getdents64
  mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 ftruncate fsync fdatasync fadvise64 umask
  poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait
  mmap mprotect munmap mremap brk set_robust_list rseq
  rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack
  pause alarm getitimer setitimer restart_syscall nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times
  sched_yield sched_getaffinity getpid getppid gettid getuid geteuid getgid getegid getrusage getrlimit getrandom
  exit exit_group`.split(/\s+/),
);

const pid = 4711;
const threadFlags = 0x3d0f00;
/** Name, arguments -> allowed. Each of these calls is refused with any other arguments. */
const filtered: readonly (readonly [name: string, args: readonly number[], allowed: boolean])[] = [
  ['clone', [threadFlags], true],
  ['clone', [0x1200011], false], // fork
  ['clone', [0x4111], false], // vfork
  ['clone', [threadFlags | 0x10000000], false], // a user namespace
  ['clone', [threadFlags | 0x20000], false],
  ['clone', [threadFlags | 0x1000], false], // a pidfd
  ['clone', [threadFlags & ~0x10000], false], // no thread: a process that shares memory
  ['clone', [0], false],
  ['kill', [pid, 9], true],
  ...[0, 1, -1, -pid, pid + 1].map((target) => ['kill', [target, 9], false] as const),
  ['tgkill', [pid, pid + 7, 9], true],
  ['tgkill', [1, 1, 9], false],
  ['tgkill', [0, 1, 9], false],
  ['prlimit64', [0, 9], true],
  ['prlimit64', [pid, 9], true],
  ['prlimit64', [1, 9], false],
  ['prlimit64', [-1, 9], false],
  ...[0, 1, 2, 3, 1030].map((command) => ['fcntl', [3, command], true] as const),
  // SETFL, locks, owner, signal, extended owner, lease, notify, pipe size, seals
  ...[4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 1024, 1025, 1026, 1031, 1033].map(
    (command) => ['fcntl', [3, command], false] as const,
  ),
  ...[0x5401, 0x541b, 0x5451].map((command) => ['ioctl', [3, command], true] as const),
  // FIOASYNC, FIOSETOWN, SIOCSPGRP, interfaces, TIOCSTI, TIOCLINUX, FIONBIO, SIOCUNIXFILE, TIOCSCTTY
  ...[0x5452, 0x8901, 0x8902, 0x8912, 0x5412, 0x541c, 0x5421, 0x89e0, 0x540e].map(
    (command) => ['ioctl', [3, command], false] as const,
  ),
  ...[0, 1, 128, 129, 131, 132, 133, 137, 138, 393].map(
    (operation) => ['futex', [0, operation], true] as const,
  ),
  // lock, unlock, trylock, wait and requeue with priority inheritance; file descriptors
  ...[6, 7, 8, 11, 12, 13, 2, 134].map((operation) => ['futex', [0, operation], false] as const),
  ...[0, 1, 2, 3, 4, 8, 14, 15].map((advice) => ['madvise', [0, 4096, advice], true] as const),
  // REMOVE, MERGEABLE, PAGEOUT, HWPOISON
  ...[9, 12, 21, 100].map((advice) => ['madvise', [0, 4096, advice], false] as const),
  ...[0, 0x800, 0x80000, 0x80800].map((flags) => ['pipe2', [0, flags], true] as const),
  ['pipe2', [0, 0x80], false], // a queue of kernel notifications
];
const filteredNames = new Set(filtered.map(([name]) => name));

const architectures = [
  ['x86_64', 0, 0xc000003e],
  ['aarch64', 1, 0xc00000b7],
] as const;

describe.each(architectures)('the filter for %s', (machine, column, arch) => {
  const program = filterOf(machine);
  const run = (number: number, args: readonly number[] = []) => runFilter(program, { arch, number, args });
  const named = Object.entries(numbers)
    .map(([name, columns]) => [name, columns[column]] as const)
    .filter((entry) => entry[1] >= 0);

  it.each(named.filter(([name]) => !filteredNames.has(name)))('%s', (name, number) => {
    const expected = name === 'clone3' ? 'ENOSYS' : allowed.has(name) ? 'allow' : 'EPERM';
    expect(run(number)).toBe(expected);
    expect(run(number, [-1, -1, -1, -1, -1, -1])).toBe(expected);
  });

  it('refuses every number without a name', () => {
    const known = new Set(named.map(([, number]) => number));
    const unknown = Array.from({ length: 4_096 }, (_, number) => number).filter(
      (number) => !known.has(number),
    );
    expect(unknown.length).toBeGreaterThan(3_500);
    expect(unknown.filter((number) => run(number) !== 'EPERM')).toEqual([]);
  });

  it.each(filtered)('%s(%j): %s', (name, args, isAllowed) => {
    expect(run(numbers[name]![column], args)).toBe(isAllowed ? 'allow' : 'EPERM');
  });

  it('reads the low half of an argument, as the kernel does', () => {
    expect(run(numbers['kill']![column], [2 ** 32 + pid])).toBe('allow');
    expect(run(numbers['kill']![column], [2 ** 32 + 1])).toBe('EPERM');
  });

  it('kills at every other architecture', () => {
    // i386, x86_64, arm, aarch64 in big-endian, ppc64le, riscv64, s390x, aarch64
    const others = [
      0x40000003, 0xc000003e, 0x40000028, 0x800000b7, 0xc0000015, 0xc00000f3, 0x80000016, 0xc00000b7,
    ];
    for (const other of others.filter((value) => value !== arch))
      for (const number of [0, 1, 39, 172, 221])
        expect(runFilter(program, { arch: other, number })).toBe('kill');
  });

  it('answers the numbers of x32', () => {
    for (const number of [0, 39, 59, 520])
      expect(run(0x40000000 + number)).toBe(machine === 'x86_64' ? 'kill' : 'EPERM');
    expect(run(0xffffffff)).toBe(machine === 'x86_64' ? 'kill' : 'EPERM');
  });
});

const column = process.arch === 'x64' ? 0 : 1;
/** Kernels pass these two by their filters; called by a program, they end it with SIGILL. */
const unfiltered = ['uprobe', 'uretprobe'];
const refused = Object.entries(numbers)
  .filter(([name]) => !unfiltered.includes(name))
  .filter(([name, columns]) => columns[column] >= 0 && !allowed.has(name) && !filteredNames.has(name))
  .map(([name, columns]) => [name, columns[column]] as const);

/** Really makes the calls that the query lists as [name, number, arguments]; answers [name, errno or 0]. */
const caller = `
import ctypes
from utils import *

class MAS:
    def __init__(self, model_list):
        pass

    def forward(self, taskInfo):
        libc = ctypes.CDLL(None, use_errno=True)
        answers = []
        for name, number, arguments in json.loads(taskInfo):
            values = [ctypes.c_long(os.getpid() if value == 'pid' else value) for value in arguments]
            result = libc.syscall(ctypes.c_long(number), *values)
            answers.append([name, ctypes.get_errno() if result == -1 else 0])
        return json.dumps(answers)
`;

describe.each((await levelsHere()).filter(({ passed }) => passed))(
  'really, at level $level',
  async ({ level }) => {
    const sandbox = await testSandbox(level);
    const ask = async (calls: unknown): Promise<[string, number][]> => {
      const { outcome } = await runProgram(sandbox, caller, { query: JSON.stringify(calls) });
      expect(outcome.status, JSON.stringify(outcome)).toBe('answered');
      return outcome.status === 'answered' ? JSON.parse(outcome.answer) : [];
    };

    it(`refuses ${refused.length} system calls`, async () => {
      const answers = await ask(refused.map(([name, number]) => [name, number, [0, 0, 0, 0, 0, 0]]));
      const enosys = 38;
      expect(answers.filter(([name, errno]) => errno !== (name === 'clone3' ? enosys : 1))).toEqual([]);
      expect(answers).toHaveLength(refused.length);
    });

    it('refuses what a filtered call may not do', async () => {
      const calls = filtered
        .filter(([, , isAllowed]) => !isAllowed)
        // where it is process 1 itself
        .filter(([name, [target]]) => !name.endsWith('kill') || target !== 1 || level !== 'namespaces')
        .map(([name, args]) => [name, numbers[name]![column], args]);
      expect((await ask(calls)).filter(([, errno]) => errno !== 1)).toEqual([]);
    });

    it('lets a filtered call do what is harmless', async () => {
      const call = (name: string, args: (number | string)[]) => [name, numbers[name]![column], args];
      const answers = await ask([
        call('kill', ['pid', 0]),
        call('tgkill', ['pid', 'pid', 0]),
        call('prlimit64', [0, 7, 0, 0]),
        call('fcntl', [3, 1]),
        call('futex', [0, 129, 1, 0, 0, 0]),
      ]);
      expect(answers.map(([, errno]) => errno)).toEqual([0, 0, 0, 0, 0]);
    });
  },
);

function filterOf(machine: string): Buffer {
  const script = `import sys, syscalls; sys.stdout.write(syscalls.filter_program(${JSON.stringify(machine)}, ${pid}).hex())`;
  const cwd = new URL('../../../activities/sandbox/guest/', import.meta.url);
  const hex = execFileSync('python3', ['-B', '-c', script], { cwd, encoding: 'utf8' });
  return Buffer.from(hex, 'hex');
}
