/**
 * report.json: everything an evaluation found, in one document. The evaluation's last activity writes it, clients/report
 * renders it, scripts may read it. Texts are whole here; the rendered page clips them to stay small.
 */
import { z } from 'zod';

/** Where the figures come from: enough to run the same evaluation again. */
export const provenanceSchema = z.object({
  run: z.string(),
  createdAt: z.iso.datetime(),
  /** The resolved input, as the workflow recorded it. */
  input: z.unknown(),
  /** sha256 of the plan blob. */
  plan: z.string().optional(),
  seed: z.number(),
  gitCommit: z.string().optional(),
  /** "masgpt-temporal" -> "0.1.0", "node" -> "20.20.0" … */
  versions: z.record(z.string(), z.string()).default({}),
});

export const reportBenchmarkSchema = z.object({
  name: z.string(),
  title: z.string(),
  version: z.string(),
  source: z.string(),
  licence: z.string(),
  split: z.string(),
  answerKind: z.string(),
  citation: z.string(),
  /** Items measured, of `size` in the imported file. */
  items: z.number().int(),
  size: z.number().int().optional(),
  /** sha256 of the imported query lines. */
  sha256: z.string().optional(),
});
export type ReportBenchmark = z.infer<typeof reportBenchmarkSchema>;

export const reportSystemSchema = z.object({
  id: z.string(),
  kind: z.enum(['program', 'generator']),
  /** Of the fixed program, or of the generator's fallback. */
  programSha256: z.string().optional(),
  description: z.string().default(''),
});

export const reportDriverSchema = z.object({
  name: z.string(),
  model: z.string(),
  revision: z.string(),
  simulated: z.boolean(),
});

/** `ScoreRow` of contract.ts. */
export const scoreRowSchema = z.object({
  system: z.string(),
  benchmark: z.string(),
  driver: z.string(),
  n: z.number().int(),
  correct: z.number(),
  failed: z.number().int(),
  accuracy: z.number(),
  low: z.number(),
  high: z.number(),
  llmCalls: z.number(),
  tokensIn: z.number(),
  tokensOut: z.number(),
  costUsd: z.number(),
});

/** `Usage` of shared/usage.ts. */
const usageSchema = z.object({
  llmCalls: z.number(),
  tokensIn: z.number(),
  tokensCached: z.number(),
  tokensOut: z.number(),
  costUsd: z.number(),
});

/** Two systems on the same items: an exact McNemar test of the items on which they differ. */
export const comparisonSchema = z.object({
  benchmark: z.string(),
  driver: z.string(),
  a: z.string(),
  b: z.string(),
  /** Items that only `a` solved, that only `b` solved. */
  onlyA: z.number().int(),
  onlyB: z.number().int(),
  n: z.number().int(),
  pValue: z.number(),
});
export type Comparison = z.infer<typeof comparisonSchema>;

/** The systems that no other beats in both accuracy and cost, the cheapest first; cost is money, or tokens where all is free. */
export const frontSchema = z.object({
  benchmark: z.string(),
  driver: z.string(),
  systems: z.array(z.string()),
});
export type Front = z.infer<typeof frontSchema>;

export const traceCallSchema = z.object({
  /** The calling thread: "0", "0.3". */
  lineage: z.string(),
  method: z.string(),
  request: z.string(),
  reply: z.string(),
  tokensIn: z.number().default(0),
  tokensOut: z.number().default(0),
});

/** One execution: one system on one query with one driver, once. */
export const reportItemSchema = z.object({
  queryId: z.string(),
  benchmark: z.string(),
  system: z.string(),
  driver: z.string(),
  repeat: z.number().int().default(0),
  query: z.string(),
  /** The gold answer for people: the value, the letter and option, or "tests". */
  gold: z.string(),
  answer: z.string(),
  extracted: z.string().nullable(),
  /** 0 to 1; an execution that failed scores 0 and stays in the denominator. */
  score: z.number(),
  /** Program failure kind, `generation`, `infraFailed`, `budget` …; absent when the system answered. */
  failure: z.string().optional(),
  /** The grader's sentence, or the failure's message. */
  reason: z.string(),
  grader: z.string().optional(),
  /** The verdict was formed in the process of the code under test. */
  inProcess: z.boolean().default(false),
  /** Key of `programs`. */
  programSha256: z.string().optional(),
  /** Of a generator's item: `programSha256` is what it wrote, and not its fallback alone. */
  generated: z.boolean().optional(),
  calls: z.array(traceCallSchema).default([]),
  llmCalls: z.number().default(0),
  tokensIn: z.number().default(0),
  tokensOut: z.number().default(0),
  costUsd: z.number().default(0),
  wallMs: z.number().default(0),
  /** When it was resumed: calls that were not as recorded, and changes of the guest. */
  divergences: z.number().default(0),
});
export type ReportItem = z.infer<typeof reportItemSchema>;

export const reportDataSchema = z.object({
  v: z.literal(1),
  title: z.string(),
  /** True when any model that took part is simulated: every rendering says so first. */
  simulated: z.boolean(),
  provenance: provenanceSchema,
  benchmarks: z.array(reportBenchmarkSchema),
  systems: z.array(reportSystemSchema),
  drivers: z.array(reportDriverSchema),
  rows: z.array(scoreRowSchema),
  comparisons: z.array(comparisonSchema).default([]),
  fronts: z.array(frontSchema).default([]),
  items: z.array(reportItemSchema),
  /** Program sources by sha256, once each. */
  programs: z.record(z.string(), z.object({ id: z.string(), source: z.string() })).default({}),
  usage: usageSchema,
});
export type ReportData = z.infer<typeof reportDataSchema>;
/** As a writer passes it: fields with defaults may be left out. */
export type ReportDraft = z.input<typeof reportDataSchema>;
