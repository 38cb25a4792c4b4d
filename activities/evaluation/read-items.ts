/** The executions of an evaluation as a report shows them: one item per cell, with its verdict, its costs and its trace. */
import { cellCount, type Plan } from '../../workflows/matrix/contract.ts';
import type { EvaluationPlan } from '../../workflows/evaluation/contract.ts';
import type { ReportDraft } from '../../workflows/evaluation/report-data.ts';
import type { Gold } from '../../workflows/shared/query.ts';
import { addUsage, noUsage, type Usage } from '../../workflows/shared/usage.ts';
import type { Grading, Verdict } from '../benchmarks/grading.ts';
import { readScores } from '../benchmarks/read-scores.ts';
import type { CallService } from '../llm/chat.ts';
import { generationUsage, usageOf } from '../mas/batch-tally.ts';
import { type CellOutcome, createCellOutcomes } from '../mas/cell-outcomes.ts';
import { forEachAtOnce } from '../mas/for-each-at-once.ts';
import { createJournal } from '../mas/journal.ts';
import { createPlanReader } from '../mas/plan-reader.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/tables.ts';

export type Item = ReportDraft['items'][number];

export interface ReadItemsParts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly calls: Pick<CallService, 'identity'>;
  readonly grading: Grading;
}

const cellsPerRead = 500;
const tracesAtOnce = 8;
/** Per request and reply; the journal has them whole. */
const maxTraceCharacters = 4_000;

/** One per cell, in the plan's order. */
export async function readItems(
  parts: ReadItemsParts,
  { plan: planSha256, benchmarks }: EvaluationPlan,
  plan: Plan,
): Promise<Item[]> {
  const reader = createPlanReader(parts.blobs);
  const outcomes = createCellOutcomes(parts);
  const journal = createJournal(parts.database);
  const items: Item[] = [];
  for (let from = 0; from < cellCount(plan); from += cellsPerRead) {
    const to = Math.min(from + cellsPerRead, cellCount(plan));
    const cells = await outcomes.read(plan, await reader.cells({ plan: planSha256, from, to }));
    const verdicts = await readScores(parts.database, cells, parts.grading);
    await forEachAtOnce(cells, tracesAtOnce, new AbortController().signal, async (outcome) => {
      const { cell, execution } = outcome;
      const calls = execution ? await traceOf(journal, execution.key) : [];
      const benchmark = benchmarkAt(benchmarks, cell.queryIndex);
      items[cell.index] = { ...itemOf(outcome, verdicts.get(execution?.key ?? '')), benchmark, calls };
    });
  }
  return items;
}

/** The plan's queries are those of each benchmark in turn. */
function benchmarkAt(benchmarks: EvaluationPlan['benchmarks'], queryIndex: number): string {
  let from = 0;
  const found = benchmarks.find(({ items }) => queryIndex < (from += items));
  return found?.name ?? '';
}

function itemOf(outcome: CellOutcome, verdict: Verdict | undefined): Omit<Item, 'benchmark'> {
  const { cell, execution, generation } = outcome;
  const { query, system, driver, repeat } = cell;
  const failure = failureOf(outcome);
  return {
    ...{ queryId: query.id, system: system.id, driver, repeat, query: query.text },
    gold: goldText(query.gold),
    answer: outcome.status === 'answered' ? (execution?.answer ?? '') : '',
    extracted: verdict?.extracted ?? null,
    score: outcome.status === 'answered' ? (verdict?.score ?? 0) : 0,
    ...(failure === undefined ? {} : { failure }),
    reason: reasonOf(outcome, verdict),
    ...(verdict === undefined ? {} : { grader: verdict.grader, inProcess: verdict.inProcess ?? false }),
    ...(execution === null ? {} : { programSha256: execution.program_sha256 }),
    ...(generation === null ? {} : { generated: execution?.program_sha256 === generation.program_sha256 }),
    ...costOf(outcome),
    wallMs: execution?.wall_ms ?? 0,
    divergences: execution ? execution.divergences + execution.guest_changes : 0,
  };
}

/** A generator's cell that its fallback answered says so: its own program did not. */
function reasonOf({ cell, execution, executions, generation }: CellOutcome, verdict?: Verdict): string {
  const reason = execution?.failure_message ?? verdict?.reason ?? 'it was not executed';
  const [first] = executions;
  if (cell.system.kind !== 'generator' || !execution) return reason;
  if (generation?.status === 'failed') {
    return `fallback, because no program was written (${generation.failure_kind}): ${reason}`;
  }
  if (!first || first.key === execution.key) return reason;
  return `fallback, because the written program failed (${first.failure_kind}): ${reason}`;
}

function failureOf(outcome: CellOutcome): string | undefined {
  if (outcome.status === 'open') return 'notExecuted';
  if (outcome.status === 'infraFailed') return 'infraFailed';
  if (outcome.status === 'failed') return outcome.execution?.failure_kind ?? 'raised';
  return undefined;
}

function costOf({ executions, generation }: CellOutcome): Omit<Usage, 'tokensCached'> {
  const written = generation ? generationUsage(generation) : noUsage;
  const { tokensCached: _, ...sum } = executions.map(usageOf).reduce(addUsage, written);
  return sum;
}

async function traceOf(
  journal: ReturnType<typeof createJournal>,
  key: string,
): Promise<NonNullable<Item['calls']>> {
  const entries = await journal.load(key);
  return entries.map(({ lineage, call, reply, tokensIn, tokensOut }) => ({
    lineage,
    method: call.method,
    request: clip(textOf(call.args)),
    reply: clip(textOf(reply?.ok ? reply.value : (reply?.error.message ?? ''))),
    tokensIn,
    tokensOut,
  }));
}

/** Prompts of a chat as people read them; anything else as JSON. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && 'messages' in value && Array.isArray(value.messages))
    return value.messages.map((message: { content?: unknown }) => String(message.content)).join('\n\n');
  if (typeof value === 'object' && value !== null && 'code' in value) return String(value.code);
  return JSON.stringify(value) ?? '';
}

function clip(text: string): string {
  return text.length > maxTraceCharacters ? `${text.slice(0, maxTraceCharacters)}…` : text;
}

function goldText(gold: Gold): string {
  switch (gold.kind) {
    case 'number':
      return gold.unit === undefined ? gold.value : `${gold.value} ${gold.unit}`;
    case 'choice':
      return `${gold.letter}: ${gold.options[gold.letter.charCodeAt(0) - 65] ?? ''}`;
    case 'code':
      return `tests of ${gold.entryPoint}`;
    case 'none':
      return '';
    default:
      return gold.value;
  }
}
