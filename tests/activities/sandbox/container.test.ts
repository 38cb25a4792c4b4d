/**
 * docker/seccomp.json and what it is for: a worker that runs as docker-compose.yml runs it gives level `namespaces`. Docker is
 * imitated where this machine can (root and namespaces): masked /proc, its capabilities, the profile as a filter.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { levelsHere } from '../../support/sandbox.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const read = (path: string): unknown => JSON.parse(readFileSync(here(path), 'utf8'));

/** As Docker and Podman read it: moby/profiles/seccomp, type Seccomp. */
const profileSchema = z.strictObject({
  defaultAction: z.literal('SCMP_ACT_ERRNO'),
  defaultErrnoRet: z.literal(1),
  archMap: z.array(
    z.strictObject({
      architecture: z.string().startsWith('SCMP_ARCH_'),
      subArchitectures: z.array(z.string()),
    }),
  ),
  syscalls: z.array(
    z.strictObject({
      comment: z.string().optional(),
      names: z.array(z.string()).min(1),
      action: z.enum(['SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO']),
      errnoRet: z.number().optional(),
      args: z
        .array(
          z.strictObject({
            index: z.number().int().min(0).max(5),
            value: z.number().int().nonnegative(),
            valueTwo: z.number().int().nonnegative().optional(),
            op: z.enum(['SCMP_CMP_EQ', 'SCMP_CMP_NE', 'SCMP_CMP_MASKED_EQ']),
          }),
        )
        .optional(),
    }),
  ),
});
type Profile = z.infer<typeof profileSchema>;

const profile = profileSchema.parse(read('../../../docker/seccomp.json'));
const known = z.record(z.string(), z.tuple([z.number(), z.number()])).parse(read('syscall-numbers.json'));
const isAddition = ({ comment }: Profile['syscalls'][number]): boolean =>
  comment?.startsWith('Beyond it') ?? false;
const additions = profile.syscalls.filter(isAddition);

describe('docker/seccomp.json', () => {
  const unconditional = profile.syscalls.filter(({ args }) => !args).flatMap(({ names }) => names);
  const allowed = new Set(
    profile.syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW').flatMap(({ names }) => names),
  );

  it('names each system call once, and none that kernels do not know', () => {
    expect(new Set(unconditional).size).toBe(unconditional.length);
    expect([...allowed].filter((name) => !(name in known))).toEqual([]);
  });

  it('refuses what Docker refuses', () => {
    const refused = Object.keys(known).filter((name) => !allowed.has(name));
    const expected = `acct add_key afs_syscall bpf clock_adjtime clock_settime create_module delete_module finit_module fanotify_init
      get_mempolicy init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load
      keyctl lookup_dcookie mbind migrate_pages mount_setattr move_mount move_pages fsconfig fsmount fsopen fspick open_tree
      open_by_handle_at perf_event_open pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace quotactl
      reboot request_key set_mempolicy setdomainname setns settimeofday swapoff swapon syslog userfaultfd vhangup`;
    expect(refused).toEqual(expect.arrayContaining(expected.split(/\s+/)));
    expect(allowed.has('clone3')).toBe(false); // answers ENOSYS
  });

  it('adds what the sandbox needs, and nothing else', () => {
    expect(additions.map(({ names, args }) => [names, args?.map(({ value }) => value) ?? []])).toEqual([
      [['clone', 'mount', 'pivot_root', 'sethostname', 'umount2', 'unshare'], []],
      [['personality'], [0x40000]],
    ]);
  });
});

/** Prints which levels the place gives in which it is started; its argument is a state directory. */
const script = `
import { probeSandbox } from ${JSON.stringify(here('../../../activities/sandbox/probe-sandbox.ts'))};
const probe = await probeSandbox({ memoryMb: 512, stateDirectory: process.argv[1], log: () => {} });
process.stdout.write(JSON.stringify(probe.trials));
`;

const given = await levelsHere();
const canImitate = process.getuid?.() === 0 && given.every(({ passed }) => passed);

describe.each(canImitate ? ['a worker in a container'] : [])('%s', () => {
  const directory = mkdtempSync(join(tmpdir(), 'masgpt-test-container-'));
  chmodSync(directory, 0o755);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  async function levelsUnder(syscalls: Profile['syscalls'], name: string): Promise<Record<string, string>> {
    const path = join(directory, `${name}.json`);
    writeFileSync(path, JSON.stringify({ ...profile, syscalls }));
    const container = [here('programs/container.py'), path, here('syscall-numbers.json')];
    const probe = [
      process.execPath,
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      script,
      join(directory, name),
    ];
    const { stdout } = await promisify(execFile)('python3', [...container, ...probe], {
      cwd: here('../../..'),
    });
    const trials = z
      .array(z.object({ level: z.string(), passed: z.boolean(), reason: z.string() }))
      .parse(JSON.parse(stdout));
    return Object.fromEntries(trials.map(({ level, passed, reason }) => [level, passed ? 'given' : reason]));
  }

  it('has every level with the profile', async () => {
    expect(await levelsUnder(profile.syscalls, 'whole')).toEqual({
      namespaces: 'given',
      shared: 'given',
      confined: 'given',
    });
  });

  it("has only `confined` with Docker's default", async () => {
    const levels = await levelsUnder(
      profile.syscalls.filter((rule) => !isAddition(rule)),
      'default',
    );
    expect(levels['confined']).toBe('given');
    expect(levels['namespaces']).toMatch(/namespace|Operation not permitted/);
    expect(levels['shared']).toMatch(/namespace|Operation not permitted/);
  });

  it.each(additions[0]?.names ?? [])('needs %s for level namespaces', async (name) => {
    const without = profile.syscalls.map((rule) => ({
      ...rule,
      names: isAddition(rule) ? rule.names.filter((other) => other !== name) : rule.names,
    }));
    const levels = await levelsUnder(
      without.filter(({ names }) => names.length > 0),
      name,
    );
    expect(levels['namespaces']).not.toBe('given');
  });
});

it.each(
  canImitate ? [] : ['a container cannot be imitated here: this needs root and every level of the sandbox'],
)('%s', () => expect(canImitate).toBe(false));
