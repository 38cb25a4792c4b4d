/** The first step of verifyDataset: pins the files of the dataset, which must be a finished one. */
import {
  type ResolvedVerifyInput,
  type VerifyInput,
  verifyInputSchema,
} from '../../../workflows/dataset/verify-contract.ts';
import type { DatasetResult } from '../../../workflows/dataset/contract.ts';
import type { ResolvedRun, RunIdentity } from '../../../workflows/shared/run-input.ts';
import { failure } from '../../failure.ts';
import { showRun } from '../../storage/list-runs.ts';
import { createResolveInput } from '../../storage/resolve-input.ts';
import type { Runs } from '../../storage/runs.ts';
import type { Database } from '../../storage/tables.ts';

export interface ResolveVerifyParts {
  readonly database: Database;
  readonly runs: Runs;
}

export function createResolveVerify(
  parts: ResolveVerifyParts,
): (raw: unknown, identity: RunIdentity) => Promise<ResolvedRun<ResolvedVerifyInput>> {
  const resolve = createResolveInput<VerifyInput>({
    kind: 'verification',
    schema: verifyInputSchema,
    example: { dataset: 'my-dataset', rows: 100 },
    runs: parts.runs,
    prepare: async (input, { namespace }) => ({
      ...input,
      ...(await filesOf(parts.database, namespace, input.dataset)),
    }),
  });
  return async (raw, identity) => (await resolve(raw, identity)) as ResolvedRun<ResolvedVerifyInput>;
}

async function filesOf(
  database: Database,
  namespace: string,
  name: string,
): Promise<Pick<ResolvedVerifyInput, 'manifest' | 'provenance'>> {
  const run = await showRun(database, namespace, `dataset/${name}`);
  if (!run) throw failure('Input.NotFound', `dataset: there is no dataset ${name}: see "masgpt runs list"`);
  const { files } = (run.result ?? {}) as Partial<DatasetResult>;
  const [manifest, provenance] = [files?.['manifest.json'], files?.['provenance.jsonl']];
  if (run.state === 'succeeded' && manifest !== undefined && provenance !== undefined)
    return { manifest, provenance };
  const why =
    run.state === 'succeeded'
      ? 'was built by a release that wrote no provenance.jsonl: build it again, which pays for nothing twice'
      : `is ${run.state}: only a finished one can be verified`;
  throw failure('Input.NotFound', `dataset: ${name} ${why}`);
}
