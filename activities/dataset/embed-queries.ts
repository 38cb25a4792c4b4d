/** Groups of queries by what their texts say: embedded, recorded, clustered. */
import { Context } from '@temporalio/activity';
import type { DatasetActivities, EmbedResult } from '../../workflows/dataset/contract.ts';
import { type Groups, groupingSchema } from '../../workflows/dataset/selection-contract.ts';
import { querySchema } from '../../workflows/shared/query.ts';
import { addUsage, noUsage } from '../../workflows/shared/usage.ts';
import { heartbeating } from '../heartbeating.ts';
import { createPlanReader } from '../mas/plan-reader.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import type { Database } from '../storage/tables.ts';
import { type Embedders, embedTexts } from './embedding/embedder.ts';
import { cluster } from './grouping/cluster.ts';
import { readLines } from './selection.ts';

export interface EmbedParts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly embedders: Embedders;
}

const exemplarChars = 160;

export function createEmbedQueries(parts: EmbedParts): DatasetActivities['embedQueries'] {
  const { database, blobs, embedders } = parts;
  return async (sha256, input, run) => {
    let done = 0;
    const { info, cancellationSignal } = Context.current();
    const work = async (): Promise<EmbedResult> => {
      const { k, embedder: name } = input.grouping ?? groupingSchema.parse({});
      const plan = await createPlanReader(blobs).plan(sha256);
      const queries = await readLines(blobs, plan.queries, querySchema);
      const embedder = await embedders.get(name);
      const vectors = await embedTexts(
        queries.map(({ text }) => text),
        {
          ...{ database, embedder, signal: cancellationSignal },
          // Runs that an earlier release began do not say who they are.
          payer: run === undefined ? undefined : { tenant: input.tenant, namespace: info.namespace, run },
          onProgress: (count) => (done = count),
        },
      );
      const found = await cluster(vectors, { k, seed: input.seed });
      const digits = String(found.k).length;
      const groups: Groups = {
        v: 1,
        labels: [...found.labels],
        groups: found.exemplars.map((query, index) => ({
          name: `like-${String(index + 1).padStart(digits, '0')}`,
          exemplar: (queries[query]?.text ?? '').slice(0, exemplarChars),
        })),
        embedder: embedder.identity,
        ...{ silhouette: found.silhouette, tried: [...found.tried] },
      };
      const { tokens, costUsd } = vectors;
      return {
        groups: await blobs.put(canonicalJson(groups)),
        usage: addUsage(noUsage, { ...noUsage, tokensIn: tokens, costUsd }),
      };
    };
    return await heartbeating(work, () => ({ done }));
  };
}
