/**
 * What is read of a program without running it: findings, and the graph of its agents. The guest reads it from the tree of
 * a hostile text, so sizes are capped and references are checked: every id that is named exists.
 */
import { z } from 'zod';

export const findingKinds = [
  'syntax',
  'shape',
  'unknownName',
  'forbiddenImport',
  'forbiddenCall',
  'badCall',
  'unboundedLoop',
  'unboundedRecursion',
  'unboundedCalls',
  'noAgents',
] as const;

const lineSchema = z.number().int().positive();

export const findingSchema = z.object({
  /** An error fails when its line runs; a warning may. */
  severity: z.enum(['error', 'warning']),
  kind: z.enum(findingKinds),
  line: lineSchema.nullable(),
  /** Says what to change. */
  message: z.string().max(8_000),
});
export type Finding = z.infer<typeof findingSchema>;

const nodeId = z.string().regex(/^n\d{1,4}$/);
const groupId = z.string().regex(/^g\d{1,4}$/);
const word = z.string().max(400);

const nodeSchema = z.object({
  id: nodeId,
  /** `agent` asks a model; the others are tools of the host. */
  kind: z.enum(['agent', 'code', 'tests', 'search']),
  /** By the program's identifiers: unique, and never a text of it. */
  name: word,
  line: lineSchema,
  /** First and last line of the calls that lead to it, innermost first. */
  site: z.array(z.tuple([lineSchema, lineSchema])).max(16),
  /** The innermost loop or ensemble around it. */
  group: groupId.nullable(),
  /** In a branch: it may not be asked. */
  optional: z.boolean(),
  temperature: z.number().nullable(),
  /** What its prompts say it is: "strict teacher". */
  roles: z.array(word).max(6),
  /** The texts it may be asked with, as far as they are known; {name} stands for what is filled in. */
  prompts: z.array(z.string().max(2_000)).max(6),
});
export type GraphNode = z.infer<typeof nodeSchema>;

const groupSchema = z.object({
  id: groupId,
  parent: groupId.nullable(),
  /** A loop's turn uses what an earlier one brought, or may end it; an ensemble's members do not know each other. */
  kind: z.enum(['loop', 'ensemble']),
  line: lineSchema,
  /** The identifier of what it goes over; "" when it has none. */
  over: word,
  count: z.number().int().nonnegative().nullable(),
  /** It may end before `count`. */
  exits: z.boolean(),
  /** A function that calls itself. */
  recursive: z.boolean(),
  /** Its turns go on side by side. */
  parallel: z.boolean(),
});
export type GraphGroup = z.infer<typeof groupSchema>;

const edgeSchema = z.object({
  from: z.union([nodeId, z.literal('in')]),
  to: z.union([nodeId, z.literal('out')]),
  /** `choice`: what comes from there only decides what happens here. */
  kind: z.enum(['data', 'choice']),
  /** Into a later turn of a loop. */
  back: z.boolean(),
});
export type GraphEdge = z.infer<typeof edgeSchema>;

export const programGraphSchema = z
  .object({
    /** What forward calls the query; the edges name it `in`, and the answer `out`. */
    query: word,
    nodes: z.array(nodeSchema).max(200),
    groups: z.array(groupSchema).max(400),
    edges: z.array(edgeSchema).max(10_000),
    /** Calls and places that could not be followed. */
    unresolved: z.array(z.object({ line: lineSchema, call: word, why: z.string().max(300) })).max(50),
  })
  .refine((graph) => isConnected(graph), 'an id has no bearer');
export type ProgramGraph = z.infer<typeof programGraphSchema>;

export const fingerprintSchema = z.object({
  /** Equal for programs that differ in white space, comments and the names they chose only. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Hashes of four consecutive tokens each, rising; the lowest 4,096 of a larger program. */
  shingles: z
    .array(
      z
        .number()
        .int()
        .nonnegative()
        .max(2 ** 32 - 1),
    )
    .max(4_096),
});
export type Fingerprint = z.infer<typeof fingerprintSchema>;

export interface ProgramReading {
  readonly findings: readonly Finding[];
  /** Null when the program has not the form of one. */
  readonly graph: ProgramGraph | null;
  /** Null like the graph, and for a program that is too large. */
  readonly fingerprint: Fingerprint | null;
}

interface Parts {
  readonly nodes: readonly GraphNode[];
  readonly groups: readonly GraphGroup[];
  readonly edges: readonly GraphEdge[];
}

function isConnected({ nodes, groups, edges }: Parts): boolean {
  const ids = new Set([...nodes, ...groups].map(({ id }) => id));
  if (ids.size !== nodes.length + groups.length) return false;
  const seen = new Set<string>();
  for (const { id, parent } of groups) {
    // Outer groups come first, so that no group is its own ancestor.
    if (parent !== null && !seen.has(parent)) return false;
    seen.add(id);
  }
  return (
    nodes.every(({ group }) => group === null || ids.has(group)) &&
    edges.every(({ from, to }) => (from === 'in' || ids.has(from)) && (to === 'out' || ids.has(to)))
  );
}
