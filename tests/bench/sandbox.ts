/**
 * Programs per second in the warm sandbox against plain, unsandboxed Python children that do the same work: 200 programs of
 * two calls, four at once, three rounds, medians. The plain children are the guest's own interpreter. Then 500 programs at once,
 * and what 20,000 leave behind. CPU per program counts the host, too: it says most on a machine that has other work.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openSandbox, prepareSandbox } from '../../activities/sandbox/open-sandbox.ts';
import type { Sandbox, Session } from '../../activities/sandbox/sandbox.ts';
import { openSession } from '../../activities/sandbox/session.ts';
import { limitsSchema } from '../../workflows/shared/program.ts';
import type { BenchResult } from './main.ts';
import { measureGrowth } from './sandbox/growth.ts';
import { descendants, privateMb } from './sandbox/processes.ts';
import { treeCpuMs } from './support/cpu-time.ts';
import { median, round } from './support/figures.ts';

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
  const { python, guest, start: startZygote } = await prepareSandbox(options);
  const sandbox = await openSandbox({ ...options, level: 'auto' });
  note(`level ${sandbox.level}, ${python.executable}`);
  const plain = (file: string) => () => runPlain(python.executable, file, guest.directory);
  try {
    const kinds = {
      warm: () => runWarm(sandbox),
      bare: plain('plain_bare.py'),
      imports: plain('plain_with_imports.py'),
    };
    const rates: Record<keyof typeof kinds, number[]> = { warm: [], bare: [], imports: [] };
    const cpus: Record<keyof typeof kinds, number[]> = { warm: [], bare: [], imports: [] };
    const firstCallMs: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      for (const name of ['warm', 'bare', 'imports'] as const) {
        const { rate, cpu } = await measure(kinds[name]);
        rates[name].push(rate);
        cpus[name].push(cpu);
        note(`round ${round}: ${name} ${rate.toFixed(0)}/s, ${cpu.toFixed(1)} ms of CPU each`);
      }
    }
    await inParallel(
      programs,
      2 * availableParallelism(),
      async () => void firstCallMs.push(await runWarm(sandbox)),
    );
    const privatePages = await privateMemoryMb(sandbox);
    const crowdStarted = performance.now();
    await inParallel(500, 500, () => runWarm(sandbox));
    const crowdMs = performance.now() - crowdStarted;
    const zygote = await startZygote(sandbox.level);
    const hooks = { onStarted: () => {}, onEnded: () => {} };
    note('20,000 programs');
    const growth = await measureGrowth(
      zygote,
      async (child) => void (await converse(openSession(child, start, hooks))),
    );
    await zygote.close();
    const [warm, bare, imports] = [median(rates.warm), median(rates.bare), median(rates.imports)];
    const cpu = { warm: median(cpus.warm), bare: median(cpus.bare), imports: median(cpus.imports) };
    return {
      metrics: {
        programsPerSecond: round(warm),
        plainBarePerSecond: round(bare),
        plainWithImportsPerSecond: round(imports),
        firstCallP50Ms: round(quantile(firstCallMs, 0.5)),
        firstCallP99Ms: round(quantile(firstCallMs, 0.99)),
        cpuMsPerProgram: round(cpu.warm),
        cpuMsPerPlainBare: round(cpu.bare),
        cpuMsPerPlainWithImports: round(cpu.imports),
        privateMbPerProgram: round(privatePages),
        fiveHundredAtOnceMs: round(crowdMs),
        ...growth,
      },
      ratios: {
        vsPlainWithImports: round(warm / imports),
        vsPlainBare: round(warm / bare),
        cpuVsPlainWithImports: round(cpu.imports / cpu.warm),
        cpuVsPlainBare: round(cpu.bare / cpu.warm),
      },
    };
  } finally {
    await sandbox[Symbol.asyncDispose]();
    rmSync(stateDirectory, { recursive: true, force: true });
  }
}

/** Milliseconds until the first call. */
async function runWarm(sandbox: Sandbox): Promise<number> {
  const began = performance.now();
  return (await converse(await sandbox.open(start, new AbortController().signal))) - began;
}

/** When the first call came. */
async function converse(session: Session): Promise<number> {
  let first = 0;
  for await (const event of session.events) {
    if (event.type === 'call') {
      first ||= performance.now();
      session.answer(event.call.id, { ok: true, value: 'x' });
    }
    if (event.type === 'end' && event.outcome.status !== 'answered') throw new Error(event.outcome.message);
  }
  return first;
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

/** Programs per second, and milliseconds of CPU per program. */
async function measure(run: () => Promise<unknown>): Promise<{ rate: number; cpu: number }> {
  const began = performance.now();
  const before = treeCpuMs(process.pid);
  await inParallel(programs, atOnce, run);
  const rate = programs / ((performance.now() - began) / 1_000);
  return { rate, cpu: (treeCpuMs(process.pid) - before) / programs };
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
  const children = descendants().filter(({ command }) => /^\S*python\S* .*zygote\.py/.test(command));
  const sizes = children.map(({ pid }) => privateMb(pid));
  await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
  return median(sizes);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
