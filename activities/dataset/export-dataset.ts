/**
 * Writes the dataset: `sft.jsonl` (chat rows: the generation prompt, the query, reasoning + program), `card.md`, and
 * `manifest.json` with the sha256 of both. The same inputs, seeds and recorded replies give the same bytes.
 */
import type { DatasetActivities } from '../../workflows/dataset/contract.ts';
import { querySchema } from '../../workflows/shared/query.ts';
import type { CallService } from '../llm/chat.ts';
import { createPlanReader } from '../mas/plan-reader.ts';
import { generationMessages } from '../mas/prompts/generation.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import { writeCard } from './card.ts';
import { finalQuerySchema, readLines } from './selection.ts';

export interface ExportParts {
  readonly blobs: Blobs;
  readonly calls: Pick<CallService, 'identity'>;
}

export function createExportDataset({ blobs, calls }: ExportParts): DatasetActivities['exportDataset'] {
  return async (input) => {
    const plan = await createPlanReader(blobs).plan(input.plan.plan);
    const queries = await readLines(blobs, plan.queries, querySchema);
    const finals = (
      await Promise.all(input.finals.map((sha256) => readLines(blobs, sha256, finalQuerySchema)))
    ).flat();
    const rows: string[] = [];
    for (const { final, queryIndex } of finals) {
      const query = queries[queryIndex];
      if (!final || !query) continue;
      const program = await blobs.getText(final.program.sha256);
      rows.push(`${JSON.stringify({ messages: messagesOf(query.text, final.reasoning, program) })}\n`);
    }
    const sft = await blobs.put(rows.join(''));
    const models = await Promise.all(
      (['driver', 'refiner'] as const).map(async (role) => ({
        role,
        ...(await calls.identity(input.input[role])),
      })),
    );
    const card = await blobs.put(writeCard({ ...input, queries, finals, models, rows: rows.length }));
    const manifest = await blobs.put(
      `${canonicalJson({
        v: 1,
        run: input.run,
        files: { 'card.md': card, 'sft.jsonl': sft },
        plan: input.plan.plan,
        rows: rows.length,
        selection: input.selection.selection,
      })}\n`,
    );
    return { rows: rows.length, files: { 'sft.jsonl': sft, 'card.md': card, 'manifest.json': manifest } };
  };
}

function messagesOf(query: string, reasoning: string, program: string) {
  const answer = `${reasoning === '' ? '' : `${reasoning}\n\n`}\`\`\`python\n${program.trimEnd()}\n\`\`\``;
  return [...generationMessages(query), { role: 'assistant', content: answer }];
}
