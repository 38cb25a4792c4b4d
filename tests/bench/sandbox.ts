/**
 * Programs per second in the warm sandbox against plain, unsandboxed Python children that do the same work: 200 programs of
 * two calls, four at once, three rounds, medians. The plain children are the guest's own interpreter.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openSandbox, prepareSandbox } from '../../activities/sandbox/open-sandbox.ts';
import type { Sandbox } from '../../activities/sandbox/sandbox.ts';
import { limitsSchema } from '../../workflows/shared/program.ts';
import type { BenchResult } from './main.ts';

const programs = 200;
const atOnce = 4;
const rounds = 3;

const source = `from utils import *


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        return self.llm.call_llm('hello ' + taskInfo) + self.llm.call_llm('again')
`;
const start = { source, query: 'q', seed: 'a1', startedAtMs: 0, models: [], limits: limitsSchema.parse({}) };

export default async function bench(note: (text: string) => void): Promise<BenchResult> {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'masgpt-bench-'));
  chmodSync(stateDirectory, 0o755);
  const options = { memoryMb: 768, stateDirectory, log: note };
  const { python, guest } = await prepareSandbox(options);
  const sandbox = await openSandbox({ ...options, level: 'auto' });
  note(`level ${sandbox.level}, ${python.executable}`);
  const plain = (file: string) => () => runPlain(python.executable, file, guest.directory);
  try {
    const rates = { warm: [] as number[], bare: [] as number[], imports: [] as number[] };
    const firstCallMs: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      rates.warm.push(await rateOf(() => runWarm(sandbox)));
      rates.bare.push(await rateOf(plain('plain_bare.py')));
      rates.imports.push(await rateOf(plain('plain_with_imports.py')));
      note(
        `round ${round}: ${Object.entries(rates)
          .map(([name, all]) => `${name} ${all.at(-1)?.toFixed(0)}/s`)
          .join(', ')}`,
      );
    }
    await inParallel(
      programs,
      2 * availableParallelism(),
      async () => void firstCallMs.push(await runWarm(sandbox)),
    );
    const privateMb = await privateMemoryMb(sandbox);
    const crowdStarted = performance.now();
    await inParallel(500, 500, () => runWarm(sandbox));
    const crowdMs = performance.now() - crowdStarted;
    const [warm, bare, imports] = [rates.warm, rates.bare, rates.imports].map(median) as [
      number,
      number,
      number,
    ];
    return {
      metrics: {
        programsPerSecond: round(warm),
        plainBarePerSecond: round(bare),
        plainWithImportsPerSecond: round(imports),
        firstCallP50Ms: round(quantile(firstCallMs, 0.5)),
        firstCallP99Ms: round(quantile(firstCallMs, 0.99)),
        privateMemoryMb: round(privateMb),
        fiveHundredAtOnceMs: round(crowdMs),
      },
      ratios: { vsPlainWithImports: round(warm / imports), vsPlainBare: round(warm / bare) },
    };
  } finally {
    await sandbox[Symbol.asyncDispose]();
    rmSync(stateDirectory, { recursive: true, force: true });
  }
}

/** Milliseconds until the first call. */
async function runWarm(sandbox: Sandbox): Promise<number> {
  const began = performance.now();
  let firstMs = 0;
  const session = await sandbox.open(start, new AbortController().signal);
  for await (const event of session.events) {
    if (event.type === 'call') {
      firstMs ||= performance.now() - began;
      session.answer(event.call.id, { ok: true, value: 'x' });
    }
    if (event.type === 'end' && event.outcome.status !== 'answered') throw new Error(event.outcome.message);
  }
  return firstMs;
}

async function runPlain(python: string, file: string, guest: string): Promise<void> {
  const path = fileURLToPath(new URL(`sandbox/${file}`, import.meta.url));
  const child = spawn(python, ['-s', '-S', '-B', path, guest], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.write(`${JSON.stringify(start)}\n`);
  let done = false;
  for await (const line of createInterface({ input: child.stdout })) {
    done = (JSON.parse(line) as { t: string }).t === 'done';
    if (!done) child.stdin.write('{"value":"x"}\n');
  }
  if (!done) throw new Error(`${file} did not finish`);
}

async function rateOf(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await inParallel(programs, atOnce, run);
  return programs / ((performance.now() - began) / 1_000);
}

async function inParallel(count: number, width: number, run: () => Promise<unknown>): Promise<void> {
  let left = count;
  const work = async (): Promise<void> => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: width }, work));
}

/** Private pages of programs that wait for their first call: the median over 20. Needs root or one's own processes. */
async function privateMemoryMb(sandbox: Sandbox): Promise<number> {
  const waiting = Array.from({ length: 20 }, async () => {
    const session = await sandbox.open(start, new AbortController().signal);
    for await (const event of session.events) if (event.type === 'call') break;
    return session;
  });
  const sessions = await Promise.all(waiting);
  const children = readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && readProc(pid, 'cmdline').includes('zygote.py'),
  );
  const sizes = children.map((pid) => {
    const kib = [...readProc(pid, 'smaps_rollup').matchAll(/^Private_\w+:\s+(\d+) kB/gm)].map((match) =>
      Number(match[1]),
    );
    return kib.reduce((sum, value) => sum + value, 0) / 1_024;
  });
  await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
  return median(sizes);
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
