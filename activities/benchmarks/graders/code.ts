/**
 * Grades programs by the upstream's tests, run in the sandbox; all must pass. The tests judge in a process that the code never
 * enters; a test that cannot (it passes a function, say) makes the verdict one formed in process.
 */
import type { Gold } from '../../../workflows/shared/query.ts';
import type { CodeOutcome, Sandbox } from '../../sandbox/sandbox.ts';
import type { Verdict } from '../grading.ts';
import { extractCode } from './extract-code.ts';
import { createMemory } from './memory.ts';

type CodeGold = Extract<Gold, { kind: 'code' }>;

export const codeGrader = 'code/2';

/** Wall clock for the candidate and all its tests, as upstream allows per problem, with room for a loaded machine. */
const timeoutMs = 15_000;

export async function gradeCode(
  gold: CodeGold,
  answer: string,
  judge: CodeJudge,
  signal: AbortSignal,
): Promise<Verdict> {
  const extracted = extractCode(answer, gold.entryPoint);
  if (!extracted) return verdict(0, null, 'the answer holds no Python code');
  const { right, reason, inProcess } = await judge(gold, assemble(gold, extracted.code), signal);
  return verdict(right ? 1 : 0, extracted.code, reason, inProcess);
}

export interface Judged {
  readonly right: boolean;
  readonly reason: string;
  readonly inProcess: boolean;
  /** It ended by itself: what time or memory ended may end otherwise on a quieter machine. */
  readonly ended: boolean;
}

export type CodeJudge = (gold: CodeGold, code: string, signal: AbortSignal) => Promise<Judged>;

/** Runs the same code against the same tests once. */
export function createCodeJudge(sandbox: () => Promise<Pick<Sandbox, 'runCode'>>): CodeJudge {
  const memory = createMemory<Judged>(({ ended }) => ended);
  return (gold, code, signal) =>
    memory.get([gold, code], async () => judgeCode(gold, code, await sandbox(), signal));
}

async function judgeCode(
  gold: CodeGold,
  code: string,
  sandbox: Pick<Sandbox, 'runCode'>,
  signal: AbortSignal,
): Promise<Judged> {
  const tests = testsOf(gold);
  const { entryPoint, prelude } = gold;
  const outcome = await sandbox.runCode({ code, tests, entryPoint, prelude, timeoutMs }, signal);
  const passed = outcome.tests.filter((test) => test.status === 'pass').length;
  const right = outcome.status === 'done' && passed === tests.length && outcome.tests.length === tests.length;
  const reason = right ? `all tests pass (${tests.length})` : reasonOf(outcome, tests.length);
  const inProcess = outcome.tests.some((test) => test.inProcess);
  return { right, reason, inProcess, ended: outcome.status === 'done' || outcome.status === 'raised' };
}

/** The prelude (HumanEval's prompt: imports, helpers, signature) comes first, so that a bare body completes it. */
export function assemble(gold: CodeGold, code: string): string {
  return gold.prelude === '' ? code : `${gold.prelude.trimEnd()}\n${code}`;
}

/** One statement list per test: HumanEval's `check` and its call are one, MBPP's asserts one each. */
function testsOf(gold: CodeGold): readonly string[] {
  if (gold.form === 'asserts') return gold.tests;
  return [`${gold.tests.join('\n')}\n\ncheck(${gold.entryPoint})\n`];
}

function reasonOf(outcome: CodeOutcome, tests: number): string {
  if (outcome.status === 'timeout') return `the code ran past ${timeoutMs / 1000} s`;
  if (outcome.status === 'killed') return 'the code was killed: it left its memory or process limits';
  const bad = outcome.tests.find((test) => test.status !== 'pass');
  const passed = outcome.tests.filter((test) => test.status === 'pass').length;
  const why = (bad?.message ?? outcome.text).slice(0, 300);
  return outcome.status === 'raised' ? `the code raises: ${why}` : `${passed} of ${tests} tests pass: ${why}`;
}

function verdict(score: number, extracted: string | null, reason: string, inProcess = false): Verdict {
  return { score, grader: codeGrader, extracted, reason, inProcess };
}
