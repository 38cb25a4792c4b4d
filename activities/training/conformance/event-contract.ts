/**
 * The protocol's events as docs/training-protocol.md demands them, for the conformance kit alone: a supervisor reads far
 * more leniently (watching/event.ts). The first breach is told by its line and field.
 */
import { z } from 'zod';

const whole = z.number().int().min(0);
const seconds = z.number().min(0);
const measure = z.union([z.number(), z.enum(['nan', 'inf', '-inf'])]).nullable();
const text = z.string().min(1);
const sha = z.string().nullable();

const common = {
  v: z.literal(1),
  run: text,
  epoch: whole,
  rank: whole,
  seq: whole,
  ts: z.number(),
  step: whole,
  maxSteps: whole,
  phase: text,
};

const fields = {
  hello: {
    ...{ host: text, pid: whole, worldSize: whole.min(1), versions: z.record(z.string(), z.string()) },
    strategy: z.object({
      kind: z.enum(['single', 'ddp', 'fsdp2', 'zero3']),
      precision: z.enum(['fp32', 'bf16', 'fp16']),
    }),
    ...{ resumeFrom: z.string().nullable(), resumeStep: whole.nullable(), configSha: sha, dataSha: sha },
  },
  phase: { edge: z.enum(['begin', 'end']) },
  step: { stepS: seconds },
  beat: { loopAgeS: seconds, rssBytes: whole },
  log: { loss: measure, nonfinite: z.boolean() },
  save: { dir: text, bytes: whole, durS: seconds, part: text },
  eval: {},
  error: { type: text, message: z.string() },
  stopAck: { cmd: z.enum(['saveStop', 'stop']) },
  end: { reason: z.enum(['completed', 'stopped', 'earlyStop']) },
} as const;

export type EventName = keyof typeof fields;

/** What the checks look at; other fields are free. */
export interface ConformingEvent {
  readonly ev: string;
  readonly seq: number;
  readonly step: number;
  readonly phase: string;
  readonly ts: number;
  readonly [field: string]: unknown;
}

export interface RankLog {
  readonly rank: number;
  readonly events: readonly ConformingEvent[];
  /** The first line that is not as it should be. */
  readonly breach: string | null;
}

const maxLineBytes = 4096;

/** `expected`: what each line must say of its writer. The last line may be torn when the writer was killed. */
export function parseRankLog(
  data: Buffer,
  expected: { readonly run: string; readonly epoch: number; readonly rank: number },
): RankLog {
  const { rank } = expected;
  const events: ConformingEvent[] = [];
  let breach: string | null = null;
  const lines = data.toString('utf8').split('\n').slice(0, -1);
  for (const [index, line] of lines.entries()) {
    const json = readJson(line);
    const problem = problemOf(line, json, index, expected);
    if (problem) breach ??= `events.${rank}.jsonl line ${index + 1}: ${problem}`;
    const event = readable.safeParse(json);
    if (event.success) events.push(event.data);
  }
  return { rank, events, breach };
}

/** What the other checks need of a line, so that one breach does not hide all else. */
const readable = z.looseObject({
  ev: z.string(),
  seq: z.number(),
  step: z.number(),
  phase: z.string(),
  ts: z.number(),
});

function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function problemOf(
  line: string,
  json: unknown,
  index: number,
  expected: { readonly run: string; readonly epoch: number; readonly rank: number },
): string | null {
  const bytes = Buffer.byteLength(line) + 1;
  if (bytes > maxLineBytes) return `${bytes} bytes, at most ${maxLineBytes} are allowed`;
  if (json === undefined) return 'is not JSON';
  const { ev: name } = z.looseObject({ ev: z.unknown() }).catch({ ev: undefined }).parse(json);
  if (typeof name !== 'string') return 'has no text `ev`';
  const own = Object.hasOwn(fields, name) ? fields[name as EventName] : {};
  const parsed = z.looseObject({ ...common, ...own }).safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `${name}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is wrong'}`.slice(0, 300);
  }
  const event: Readonly<Record<string, unknown>> = parsed.data;
  for (const field of ['run', 'epoch', 'rank'] as const) {
    if (event[field] !== expected[field])
      return `${field} is ${JSON.stringify(event[field])}, not ${JSON.stringify(expected[field])}`;
  }
  return event['seq'] === index
    ? null
    : `seq is ${String(event['seq'])}, not ${index}: the count has a gap or begins anew`;
}
