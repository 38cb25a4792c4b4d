/** Tries the levels from the strongest on and keeps the zygote of the first whose self-test holds. Fails closed. */
import { access } from 'node:fs/promises';
import { failure } from '../failure.ts';
import { sandboxUid } from './sandbox-user.ts';
import type { SandboxLevel } from './sandbox.ts';
import { selfTest } from './self-test/self-test.ts';
import type { Zygote } from './zygote.ts';

export const levels: readonly SandboxLevel[] = ['namespaces', 'shared', 'confined'];

/** What a level's trial showed. `remedy` says what would make it pass. */
export interface LevelTrial {
  readonly level: SandboxLevel;
  readonly passed: boolean;
  readonly reason: string;
  readonly remedy: string;
}

export interface ChosenLevel {
  readonly level: SandboxLevel;
  readonly zygote: Zygote;
  readonly trials: readonly LevelTrial[];
}

export interface LevelOptions {
  readonly wanted: SandboxLevel | 'auto';
  readonly stateDirectory: string;
  readonly start: (level: SandboxLevel) => Promise<Zygote>;
}

/** Throws `Sandbox.Refused` that names what each level lacks. */
export async function chooseLevel(options: LevelOptions): Promise<ChosenLevel> {
  const trials: LevelTrial[] = [];
  for (const level of options.wanted === 'auto' ? levels : [options.wanted]) {
    const { trial, zygote } = await tryLevel(level, options);
    trials.push(trial);
    if (zygote) return { level, zygote, trials };
  }
  const lacking = trials.map(({ level, reason, remedy }) => `${level}: ${reason} (${remedy})`).join('; ');
  throw failure(
    'Sandbox.Refused',
    `no sandbox level holds on this machine, so no program is run. ${lacking}`,
  );
}

interface Tried {
  readonly trial: LevelTrial;
  /** Present when the level passed; the caller closes it. */
  readonly zygote?: Zygote;
}

export async function tryLevel(level: SandboxLevel, options: Omit<LevelOptions, 'wanted'>): Promise<Tried> {
  const refused = (reason: string): Tried => ({
    trial: { level, passed: false, reason, remedy: remedyOf(level, reason) },
  });
  if (level === 'confined' && sandboxUid === null) {
    return refused('the worker is not root, so programs cannot get a user of their own');
  }
  if (level !== 'confined' && (await findBubblewrap()) === null)
    return refused('bubblewrap is not installed');
  let zygote: Zygote | null = null;
  try {
    zygote = await options.start(level);
    const broken = await selfTest(zygote, options.stateDirectory);
    if (broken === null) return { trial: { level, passed: true, reason: '', remedy: '' }, zygote };
    await zygote.close();
    return refused(broken);
  } catch (error) {
    await zygote?.close();
    return refused(error instanceof Error ? error.message : String(error));
  }
}

export async function findBubblewrap(): Promise<string | null> {
  for (const path of ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap']) {
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return null;
}

function remedyOf(level: SandboxLevel, reason: string): string {
  if (/bubblewrap is not installed/.test(reason)) return 'install it: apt-get install bubblewrap';
  if (/not root/.test(reason)) return 'use a level with bubblewrap, or start the worker as root';
  if (/Landlock/.test(reason)) return 'use a kernel of 5.13 or newer with landlock in its lsm= list';
  if (level === 'confined') return 'see docs/security.md';
  return (
    'allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1, ' +
    'kernel.apparmor_restrict_unprivileged_userns=0, user.max_user_namespaces above 0; in a container, a seccomp profile that permits them (docker/seccomp.json)'
  );
}
