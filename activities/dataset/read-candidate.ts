/**
 * What of a refiner's reply may be used. Accepted form: prose, then one block between ```python and ``` with a class MAS; of
 * several blocks the last that is sound; what stands after it is ignored, as are <think> parts and headings. The program has the
 * shape that `check` wants (class MAS, __init__(self, model_list), forward(self, query)), no finding that is an error, an agent
 * where its base has one, at most 64 KiB, and neither program nor reasoning speaks of an earlier version or holds the answer.
 */
import type { Refusal } from '../../workflows/dataset/refinement.ts';
import type { ProgramRef } from '../../workflows/shared/program.ts';
import type { Query } from '../../workflows/shared/query.ts';
import type { ChatReply } from '../llm/chat.ts';
import { extractPrograms } from '../mas/extract-program.ts';
import type { ProgramReading } from '../sandbox/program-graph.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Blobs } from '../storage/blobs.ts';
import { leaksAnswer } from './leak/leaks-answer.ts';
import { mentionsOriginal } from './mentions-original.ts';
import { readPatiently } from './read-patiently.ts';
import { reasoningIn } from './reasoning.ts';

export interface Candidate {
  readonly program: ProgramRef;
  readonly source: string;
  readonly reasoning: string;
  readonly reading: ProgramReading;
}

export interface Refused {
  readonly why: Refusal;
  /** For the refiner; never holds the gold. */
  readonly message: string;
  readonly program: string | null;
  readonly score: number | null;
}

export interface ReadParts {
  readonly sandbox: () => Promise<Sandbox>;
  readonly blobs: Blobs;
}

const maxReplyChars = 256 * 1024;
const maxProgramBytes = 64 * 1024;
const maxReasoningChars = 6_000;

export async function readCandidate(
  reply: Pick<ChatReply, 'text' | 'finishReason'>,
  given: {
    readonly query: Query;
    readonly base: { readonly source: string; readonly reading: ProgramReading };
    readonly wantsReasoning: boolean;
  },
  { sandbox, blobs }: ReadParts,
): Promise<Candidate | Refused> {
  const text = reply.text.slice(0, maxReplyChars);
  if (reply.finishReason === 'length' && !isWhole(text))
    return refused(
      'truncated',
      'The reply reached its limit of tokens before the program ended: be briefer.',
    );
  const sources = extractPrograms(text).filter((source) => /^class\s+MAS\b/m.test(source));
  if (sources.length === 0) return refused('noProgram', 'The reply has no ```python block with a class MAS.');
  const reader = await sandbox();
  let wrong = '';
  for (const source of sources) {
    if (Buffer.byteLength(source) > maxProgramBytes) {
      wrong ||= `The program is larger than ${maxProgramBytes} bytes.`;
      continue;
    }
    const reading = await readPatiently(reader, source);
    const errors = reading.findings.filter(({ severity }) => severity === 'error');
    if (reading.graph === null || errors.length > 0) {
      wrong ||= errors.map(({ message }) => message).join('\n') || 'The program cannot be read.';
      continue;
    }
    const sha256 = await blobs.put(source);
    const known = [given.query.text, given.base.source];
    const candidate = {
      ...{ program: { id: 'adapted', sha256 }, source, reading },
      reasoning: reasoningIn(text, [given.query.text]).slice(0, maxReasoningChars),
    };
    return objection(candidate, given, known) ?? candidate;
  }
  return refused('badProgram', wrong);
}

/** The last block of Python has an end. */
function isWhole(text: string): boolean {
  const opening = text.lastIndexOf('```py');
  return opening === -1 || /\n {0,3}```[ \t]*(?:\n|$)/.test(text.slice(opening).replaceAll('\r', ''));
}

function objection(
  { source, reasoning, reading, program }: Candidate,
  { query, base, wantsReasoning }: Parameters<typeof readCandidate>[1],
  known: readonly string[],
): Refused | undefined {
  const refuse = (why: Refusal, message: string): Refused => refused(why, message, program.sha256);
  if (!asksAgents(reading) && asksAgents(base.reading))
    return refuse('noAgents', 'No agent is asked: the answer must come from calls of a model.');
  if (mentionsOriginal(source, known))
    return refuse('mentionsOriginal', 'The program speaks of an earlier version of itself.');
  if (wantsReasoning && reasoning === '')
    return refuse('noReasoning', 'There is no reasoning before the program that stands by itself.');
  if (leaksAnswer(`${source}\n${reasoning}`, query.gold, known))
    return refuse('leaked', 'The program or the reasoning holds the answer to the query, or a part of it.');
  return undefined;
}

/** Whatever could not be followed may be an agent. */
function asksAgents({ graph }: ProgramReading): boolean {
  return graph !== null && (graph.unresolved.length > 0 || graph.nodes.some(({ kind }) => kind === 'agent'));
}

export function refused(
  why: Refusal,
  message: string,
  program: string | null = null,
  score: number | null = null,
): Refused {
  return { why, message, program, score };
}
