/**
 * One line of a rank's event file (protocol/events.py writes them, docs: training-protocol), as hostile input: types are
 * checked, numbers bounded, texts cut. A field that is wrong is left out; a line without the common fields is garbage.
 * `ts` is not read: only this machine's own clock counts.
 */
import { z } from 'zod';

const maxStep = 1e9;
const step = z.number().int().min(0).max(maxStep);

/** Non-finite numbers travel as strings ('nan', '-inf'); other texts are no numbers. */
const measure = z.union([
  z.number(),
  z
    .string()
    .regex(/^[+-]?(?:nan|inf|infinity)$/i)
    .transform((text) => (/nan/i.test(text) ? Number.NaN : text.startsWith('-') ? -Infinity : Infinity)),
]);
const seconds = z.number().min(0).max(86_400);
const optional = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const text = (max: number) => z.string().transform((value) => clean(value, max));

export const trainerEventSchema = z.object({
  v: z.literal(1),
  epoch: z.number().int(),
  seq: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  ev: z.string().max(32),
  step: step.catch(0),
  maxSteps: optional(step),
  phase: text(24).catch('unknown'),
  edge: optional(z.enum(['begin', 'end'])),
  pid: optional(
    z
      .number()
      .int()
      .positive()
      .max(2 ** 31),
  ),
  worldSize: optional(z.number().int().positive().max(1_024)),
  strategy: optional(z.object({ kind: text(16), precision: optional(text(8)) })),
  versions: optional(
    z.record(z.string().max(32), text(32)).refine((versions) => Object.keys(versions).length <= 16),
  ),
  stepS: optional(seconds),
  tokens: optional(z.number().min(0).max(1e12)),
  /** A rank's own work in a step, without waiting for the others, where a trainer can tell. */
  computeS: optional(seconds),
  loopAgeS: optional(seconds),
  /** Of a beat: what the rank has reserved of its GPU. */
  gpuBytes: optional(
    z
      .number()
      .min(0)
      .max(2 ** 50),
  ),
  loss: optional(measure.nullable()),
  gradNorm: optional(measure.nullable()),
  nonfinite: optional(z.boolean()),
  /** Steps that an fp16 loss scaler left out so far. */
  scalerSkips: optional(step),
  dir: optional(z.string().min(1).max(4_096)),
  part: optional(z.string().min(1).max(4_096)),
  bytes: optional(
    z
      .number()
      .min(0)
      .max(2 ** 50),
  ),
  durS: optional(seconds),
  type: optional(text(80)),
  message: optional(text(300)),
  reason: optional(text(32)),
  /** An error of a thread other than the main one: the process may well go on. */
  thread: optional(text(40)),
});
export type TrainerEvent = z.infer<typeof trainerEventSchema> & {
  /** Every finite number of a `log` or `eval` event: what the best checkpoint is chosen by. */
  readonly metrics?: Readonly<Record<string, number>>;
};

export type ParsedLine =
  | { readonly kind: 'event'; readonly event: TrainerEvent }
  | { readonly kind: 'garbage' }
  /** Of another epoch: a writer that was fenced off. */
  | { readonly kind: 'foreign' };

export function parseEventLine(line: string, epoch: number): ParsedLine {
  const json = readJson(line);
  const parsed = trainerEventSchema.safeParse(json);
  if (!parsed.success) return { kind: 'garbage' };
  const event = parsed.data;
  if (event.epoch !== epoch) return { kind: 'foreign' };
  const measured = event.ev === 'log' || event.ev === 'eval';
  return { kind: 'event', event: measured ? { ...event, metrics: metricsOf(json as object) } : event };
}

const maxMetrics = 32;
const common = new Set(['v', 'epoch', 'rank', 'seq', 'ts', 'step', 'maxSteps']);

function metricsOf(json: object): Record<string, number> {
  const told = Object.entries(json).filter(
    ([name, value]) =>
      typeof value === 'number' && Number.isFinite(value) && name.length <= 64 && !common.has(name),
  );
  return Object.fromEntries(told.slice(0, maxMetrics));
}

/** Control characters and terminal escapes have no place in evidence. */
export function clean(value: string, max: number): string {
  return (
    value
      .slice(0, max * 4)
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/\u001B\[[0-9;?]{0,32}[A-Za-z]/g, '')
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]+/g, ' ')
      .replaceAll(/\p{Surrogate}/gu, '\uFFFD')
      .slice(0, max)
      .trim()
  );
}

/** Python's json writes NaN and Infinity bare unless told otherwise: a loss that is not finite must not be lost as garbage. */
function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    if (!/NaN|Infinity/.test(line)) return undefined;
  }
  try {
    return JSON.parse(line.replaceAll(/([:,[] ?)(NaN|-?Infinity)(?=[,}\]])/g, '$1"$2"'));
  } catch {
    return undefined;
  }
}
