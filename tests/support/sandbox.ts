/** The real sandbox in tests: opened once per file and level; programs run on it with scripted replies. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openSandbox, type SandboxOptions } from '../../activities/sandbox/open-sandbox.ts';
import { probeSandbox } from '../../activities/sandbox/probe-sandbox.ts';
import type {
  PendingCall,
  Sandbox,
  SandboxLevel,
  SessionResources,
} from '../../activities/sandbox/sandbox.ts';
import {
  type HostReply,
  type Limits,
  limitsSchema,
  type ProgramOutcome,
} from '../../workflows/shared/program.ts';

export interface RunOptions {
  readonly query?: string;
  readonly seed?: string;
  readonly guest?: string;
  readonly limits?: Partial<Limits>;
  /** The reply to a call; default: chat calls echo their last message. */
  readonly reply?: (call: PendingCall) => Promise<HostReply> | HostReply;
}

export interface Ran {
  readonly outcome: ProgramOutcome;
  readonly calls: readonly PendingCall[];
  readonly resources: SessionResources;
}

/** Outside homes, so that the dedicated user can read it. */
export const sandboxDirectory = mkdtempSync(join(tmpdir(), 'masgpt-test-sandbox-'));
chmodSync(sandboxDirectory, 0o755);
afterAll(() => rmSync(sandboxDirectory, { recursive: true, force: true }));

const options = { memoryMb: 512, programs: 4, stateDirectory: sandboxDirectory, log: () => {} };

/** What this machine gives; attacks.test.ts shows the absent levels by name. Throws when it gives none: nothing would be tested. */
export async function levelsHere(): Promise<{ level: SandboxLevel; passed: boolean; reason: string }[]> {
  const { level, trials } = await probeSandbox(options);
  if (level === null)
    throw new Error(`no level of the sandbox holds: ${trials.map(({ reason }) => reason).join('; ')}`);
  return [...trials];
}

/** Closed after the last test of the file or group that opens it. */
export async function testSandbox(
  level: SandboxLevel | 'auto' = 'auto',
  further: Partial<SandboxOptions> = {},
): Promise<Sandbox> {
  const sandbox = await openSandbox({ ...options, ...further, level });
  afterAll(() => sandbox[Symbol.asyncDispose]());
  return sandbox;
}

export async function runProgram(sandbox: Sandbox, source: string, run: RunOptions = {}): Promise<Ran> {
  const limits = limitsSchema.parse({ computeMs: 20_000, totalMs: 40_000, ...run.limits });
  const start = { source, query: run.query ?? 'q', seed: run.seed ?? 'a1', startedAtMs: 1_700_000_000_000 };
  const never = new AbortController().signal;
  const guest = run.guest === undefined ? {} : { guest: run.guest };
  const session = await sandbox.open({ ...start, ...guest, models: ['driver'], limits }, never);
  const calls: PendingCall[] = [];
  for await (const event of session.events) {
    if (event.type === 'end') return { outcome: event.outcome, resources: event.resources, calls };
    if (event.type !== 'call') continue;
    const { call } = event;
    calls.push(call);
    void Promise.resolve((run.reply ?? echo)(call)).then((reply) => session.answer(call.id, reply));
  }
  throw new Error('the session ended without an end');
}

/** A program whose forward has this body. */
export function programOf(body: string, head = ''): string {
  const indented = body
    .split('\n')
    .map((line) => `        ${line}`)
    .join('\n');
  return `from utils import *\n${head}\n\nclass MAS:\n    def __init__(self, model_list):\n        self.llm = LLM(model_list)\n\n    def forward(self, taskInfo):\n${indented}\n`;
}

export function echo({ call }: PendingCall): HostReply {
  if (call.method !== 'chat') return { ok: true, value: [] };
  return { ok: true, value: call.args.messages.at(-1)?.content };
}
