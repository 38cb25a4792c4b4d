/**
 * The first step of every workflow: a local activity that validates the raw input, applies defaults and config, and
 * claims the run's name. What it returns is recorded and alone drives every later decision of the run.
 */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { namePattern } from '../../workflows/shared/names.ts';
import {
  presentRules,
  type ResolvedRun,
  type RunIdentity,
  type RunKind,
} from '../../workflows/shared/run-input.ts';
import { failure } from '../failure.ts';
import type { Runs } from './runs.ts';

/** The fields of `runFields` that the claim needs. */
interface RunInput {
  readonly name?: string | undefined;
  readonly tenant: string;
  readonly parentRun?: string | undefined;
  readonly maxCostUsd?: number | undefined;
  readonly maxTokens?: number | undefined;
}

export interface ResolveInputOptions<T extends RunInput> {
  readonly kind: RunKind;
  readonly schema: z.ZodType<T>;
  /** A valid input; shown when the given one is not. */
  readonly example: unknown;
  readonly runs: Runs;
  /** Pins model revisions, applies defaults of the config, refuses names it does not know. */
  readonly prepare?: (input: T, identity: RunIdentity) => Promise<T> | T;
}

/** Throws `Input.Invalid` (field, value, example) or `Run.NameTaken`; both end the workflow at once. */
export function createResolveInput<T extends RunInput>(
  options: ResolveInputOptions<T>,
): (raw: unknown, identity: RunIdentity) => Promise<ResolvedRun<T>> {
  return async (raw, identity) => {
    const parsed = options.schema.safeParse(raw ?? {});
    if (!parsed.success) throw invalid(parsed.error.issues, raw, options);
    const name = parsed.data.name ?? nameOf(identity.workflowId);
    const prepared = options.prepare ? await options.prepare(parsed.data, identity) : parsed.data;
    const input = { ...prepared, name };
    await options.runs.claim({
      ...identity,
      kind: options.kind,
      name,
      tenant: input.tenant,
      input,
      parentRun: input.parentRun,
      maxCostUsd: input.maxCostUsd,
      maxTokens: input.maxTokens,
    });
    return { name, run: `${options.kind}/${name}`, tenant: input.tenant, input, rules: presentRules };
  };
}

/** "answer/q-17" -> "q-17"; an id that holds no name gives one that is made from it and as distinct as it. */
export function nameOf(workflowId: string): string {
  const last = workflowId.slice(workflowId.indexOf('/') + 1);
  if (namePattern.test(last)) return last;
  const readable = last
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 40);
  const digest = createHash('sha256').update(workflowId).digest('hex').slice(0, 12);
  return readable === '' ? digest : `${readable}-${digest}`;
}

const maxIssues = 5;
const maxValueLength = 80;

function invalid(
  issues: readonly z.core.$ZodIssue[],
  raw: unknown,
  options: { readonly kind: RunKind; readonly example: unknown },
): Error {
  const found = issues.flatMap((issue) => nearest(issue, []));
  const lines = found.slice(0, maxIssues).map(({ path, message }) => {
    const field = path.length === 0 ? 'the input' : path.map(String).join('.');
    return `${field}: ${message}, got ${shown(valueAt(raw, path))}`;
  });
  if (found.length > maxIssues) lines.push(`and ${found.length - maxIssues} more`);
  return failure(
    'Input.Invalid',
    `the ${options.kind} input is not valid: ${lines.join('; ')}. Example: ${JSON.stringify(options.example)}`,
  );
}

interface FoundIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Of a choice between shapes, what is wrong by the shape that fits best: fewest issues, then the deepest. */
function nearest(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): FoundIssue[] {
  const path = [...above, ...issue.path];
  if (issue.code !== 'invalid_union') return [{ path, message: issue.message }];
  const shapes = issue.errors.map((issues) => issues.flatMap((inner) => nearest(inner, path)));
  const depth = (found: readonly FoundIssue[]): number => Math.max(...found.map((one) => one.path.length));
  const [best] = shapes
    .filter((found) => found.length > 0)
    .toSorted((a, b) => a.length - b.length || depth(b) - depth(a));
  return best ?? [{ path, message: issue.message }];
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  return text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : text;
}
