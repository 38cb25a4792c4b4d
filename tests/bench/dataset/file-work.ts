/**
 * Process entry: one piece of work on the files of a generated matrix, so that its memory is its own. The work stands in the
 * environment as JSON; prints `{ seconds, cpuSeconds, peakMb, … }`.
 */
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { graderOf } from '../../../activities/benchmarks/graders/create-grading.ts';
import { exportDataset } from '../../../activities/dataset/export-dataset.ts';
import { exportMatrix, sha256OfFile } from '../../../activities/matrix/export-matrix.ts';
import { importMatrix } from '../../../activities/matrix/import-matrix.ts';
import { openDatabase } from '../../../activities/storage/database.ts';
import { readMatrixFile } from '../../../clients/cli/read-matrix-file.ts';
import type { ExportInput } from '../../../workflows/dataset/contract.ts';
import { generatedRevision } from './generated-matrix.ts';

export type FileWork = { readonly databaseUrl: string; readonly blobs: string } & (
  | { readonly kind: 'exportDataset'; readonly given: ExportInput }
  | { readonly kind: 'exportMatrix' | 'importMatrix'; readonly file: string }
);

export interface FileFigures {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Highest resident memory of this process. */
  readonly peakMb: number;
  /** Longest time in which nothing else of the process could run, a heartbeat for one. */
  readonly longestTurnSeconds: number;
  /** Rows of the matrix that went through. */
  readonly rows: number;
}

const calls = {
  identity: (model: string) => Promise.resolve({ model, revision: generatedRevision, simulated: true }),
};

async function perform(work: FileWork): Promise<number> {
  const database = openDatabase(work.databaseUrl, { max: 2 });
  const parts = { database, blobs: createDirectoryBlobs(work.blobs), grading: { graderOf }, calls };
  try {
    switch (work.kind) {
      case 'exportDataset':
        return (await exportDataset({ ...parts, config: { tokenizers: {} } }, work.given, 'default')).rows;
      case 'exportMatrix':
        return (await exportMatrix(parts, { namespace: 'default', run: 'dataset/bench', file: work.file }))
          .cells;
      case 'importMatrix': {
        const source = { fileSha256: await sha256OfFile(work.file), provenance: undefined };
        return (await importMatrix(database, readMatrixFile(work.file), source)).written;
      }
    }
  } finally {
    await database.destroy();
  }
}

if (process.env['MASGPT_FILE_WORK'] !== undefined) {
  const began = performance.now();
  let [turn, longest] = [began, 0];
  const ticking = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - turn);
    turn = now;
  }, 20);
  const rows = await perform(JSON.parse(process.env['MASGPT_FILE_WORK']) as FileWork);
  clearInterval(ticking);
  const { user, system } = process.cpuUsage();
  const figures: FileFigures = {
    seconds: (performance.now() - began) / 1_000,
    cpuSeconds: (user + system) / 1e6,
    peakMb: process.resourceUsage().maxRSS / 1_024,
    longestTurnSeconds: longest / 1_000,
    rows,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
