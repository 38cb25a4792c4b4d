/** The files that hold one row per sample, for one split: chat, chat as parquet, completions, and where each row comes from. */
import { createHash } from 'node:crypto';
import { completionOf, promptOf, type Sample, wellFormed } from './sample.ts';
import type { Columns } from './parquet.ts';

/** `sft.jsonl`: what chat trainers read. */
export function chatRow({ query, program, final }: Sample) {
  return { messages: [...promptOf(query), ...completionOf(program, final.reasoning)] };
}

/** `completions.jsonl`: the conversational prompt-completion form of TRL; losses on the completion alone need no template. */
export function completionRow({ query, program, final }: Sample) {
  return { prompt: promptOf(query), completion: completionOf(program, final.reasoning) };
}

/** `provenance.jsonl`: row `row` of `file` came about like this. No text of the query is in it. */
export function provenanceRow(sample: Sample, file: string, row: number) {
  const { query, final, base, executions } = sample;
  return {
    file,
    row,
    split: sample.split,
    query_id: query.id,
    source: wellFormed(query.source),
    subject: wellFormed(query.subject),
    licence: wellFormed(query.licence),
    group: wellFormed(sample.group),
    cluster: sample.cluster,
    base_program: base.id,
    base_sha256: base.sha256,
    base_score: sample.baseScore,
    base_executions: executions.base,
    program_sha256: final.program.sha256,
    adapted: final.adapted,
    kept_because: sample.kept,
    score: final.score,
    executions: executions.final,
    reasoning_sha256: createHash('sha256').update(final.reasoning).digest('hex'),
    notes: sample.notes,
  };
}
export type ProvenanceRow = ReturnType<typeof provenanceRow>;

export const sampleColumns = {
  messages: 'messages',
  query: 'text',
  reasoning: 'text',
  program: 'text',
  query_id: 'text',
  source: 'text',
  subject: 'text',
  licence: 'text',
  group: 'text',
  base_program: 'text',
  base_sha256: 'text',
  base_score: 'number',
  program_sha256: 'text',
  adapted: 'flag',
  score: 'number',
  executions: 'texts',
} as const satisfies Columns;

/** `sft.parquet`. */
export function sampleRow(sample: Sample) {
  return {
    ...chatRow(sample),
    query: sample.query.text,
    reasoning: sample.final.reasoning,
    program: sample.program,
    query_id: sample.query.id,
    source: sample.query.source,
    subject: sample.query.subject,
    licence: sample.query.licence,
    group: sample.group,
    base_program: sample.base.id,
    base_sha256: sample.base.sha256,
    base_score: sample.baseScore,
    program_sha256: sample.final.program.sha256,
    adapted: sample.final.adapted,
    score: sample.final.score,
    executions: sample.executions.final,
  };
}
