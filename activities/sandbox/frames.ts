/**
 * The protocol on a child's socket: JSON lines. The guest shares its process with a hostile program, so every frame is
 * hostile input: checked by a schema, and its text made storable (no NUL, no lone surrogate).
 *
 * guest: ready, then call* | idle*, then one of done, failed, code, checked.  host: one start frame, then an answer per call.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { findingSchema, fingerprintSchema, programGraphSchema } from './program-graph.ts';

export const maxLineBytes = 8 * 1024 * 1024;

export const readyFrameSchema = z.discriminatedUnion('t', [
  z.object({ t: z.literal('ready'), slot: z.number().int() }),
  /** Confinement failed: the step and the system's error. */
  z.object({ t: z.literal('broken'), error: z.string() }),
]);

/** The kinds that a guest can know of; limits are the host's to tell. */
const guestFailureKinds = [
  'syntax',
  'shape',
  'raised',
  'noAnswer',
  'exited',
  'answerTooLarge',
  'memoryLimit',
] as const;

const maxAnswerBytes = 256 * 1024;
const output = z.string().transform((text) => text.slice(0, 70_000));

export const programFrameSchema = z.discriminatedUnion('t', [
  z.object({
    t: z.literal('call'),
    id: z.number().int().positive(),
    lineage: z
      .string()
      .max(200)
      .regex(/^\d+(\.\d+)*$/),
    method: z.string().max(40),
    args: z.unknown(),
    /** Lines of the program through which the call was made, innermost first. */
    site: z.array(z.number().int().positive()).max(16).default([]),
    /** The only thread of the program waits for this answer. */
    alone: z.boolean().default(false),
  }),
  /** All threads wait; `answered` = the answers seen so far, by which a stale frame is known. */
  z.object({ t: z.literal('idle'), answered: z.number().int() }),
  z.object({
    t: z.literal('done'),
    answer: z.string().refine((text) => Buffer.byteLength(text) <= maxAnswerBytes),
    stdout: output,
  }),
  z.object({
    t: z.literal('failed'),
    kind: z.enum(guestFailureKinds),
    message: z.string().max(8_000),
    stdout: output,
  }),
]);
export type ProgramFrame = z.infer<typeof programFrameSchema>;

const callNumber = z.number().int().positive();
/** While a thread of the process waits; code under test has no use for it. */
const idleFrameSchema = z.object({ t: z.literal('idle') });
const printedFrameSchema = z.object({ t: z.literal('printed'), text: z.string() });

/** Of code under test. `serve` gives the answer to the last ask (guest/subject.py) and waits for the next one. */
export const codeFrameSchema = z.discriminatedUnion('t', [
  printedFrameSchema,
  idleFrameSchema,
  z.object({
    t: z.literal('call'),
    id: callNumber,
    method: z.literal('serve'),
    args: z.object({ told: z.string() }),
  }),
  z.object({ t: z.literal('code'), status: z.enum(['done', 'raised']), text: z.string().max(200_000) }),
]);
export type CodeFrame = z.infer<typeof codeFrameSchema>;

/** Of the tests of such code (guest/examiner.py). */
export const examinerFrameSchema = z.discriminatedUnion('t', [
  printedFrameSchema,
  idleFrameSchema,
  z.object({
    t: z.literal('call'),
    id: callNumber,
    method: z.literal('ask'),
    args: z.object({ ask: z.string() }),
  }),
  z.object({
    t: z.literal('verdict'),
    status: z.enum(['pass', 'fail', 'error']),
    message: z.string().transform((text) => text.slice(0, 4_000)),
    inProcess: z.boolean(),
  }),
  z.object({ t: z.literal('examined') }),
]);
export type ExaminerFrame = z.infer<typeof examinerFrameSchema>;

export const checkFrameSchema = z.discriminatedUnion('ok', [
  z.object({ t: z.literal('checked'), ok: z.literal(true) }),
  z.object({
    t: z.literal('checked'),
    ok: z.literal(false),
    kind: z.enum(['syntax', 'shape']),
    message: z.string().max(8_000),
  }),
]);

export const readingFrameSchema = z.object({
  t: z.literal('read'),
  findings: z.array(findingSchema).max(300),
  graph: programGraphSchema.nullable(),
  fingerprint: fingerprintSchema.nullable(),
});

/** Null when the line is not a frame of the schema. */
export function parseFrame<T>(line: string, schema: z.ZodType<T>): T | null {
  try {
    const parsed = schema.safeParse(JSON.parse(line, unstorable.test(line) ? storable : undefined));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Escapes of a NUL or of a surrogate; writing a lone surrogate as UTF-8 replaces it. */
const unstorable = /\\u(?:0000|d[89a-f])/i;

function storable(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? Buffer.from(value).toString().replaceAll('\0', '\ufffd') : value;
}

/** sha256 of method and canonical arguments: keys in order, no white space. */
export function callHash(method: string, args: unknown): string {
  return hash('sha256', `${method}\n${JSON.stringify(ordered(args))}`);
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, ordered(item)]),
  );
}
