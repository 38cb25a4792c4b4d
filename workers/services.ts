/** What the activities of one process share, opened once and closed with the last user: the composition root of ports. */
import type { Grading } from '../activities/benchmarks/grading.ts';
import type { LoadQueries } from '../activities/benchmarks/load-queries.ts';
import type { Embedders } from '../activities/dataset/embedding/embedder.ts';
import type { CallService } from '../activities/llm/chat.ts';
import type { Sandbox } from '../activities/sandbox/sandbox.ts';
import type { Blobs } from '../activities/storage/blobs.ts';
import type { Database } from '../activities/storage/tables.ts';
import type { AttemptObserver } from '../activities/training/observer.ts';
import type { ThisMachine } from '../activities/training/process-identity.ts';
import type { Config } from './config/schema.ts';

export interface Services {
  readonly config: Config;
  readonly database: Database;
  readonly blobs: Blobs;
  readonly calls: CallService;
  readonly embedders: Embedders;
  /** Opened when first needed; its self-test takes about a second. Throws `Sandbox.Refused` when no level passes. */
  sandbox(): Promise<Sandbox>;
  readonly grading: Grading;
  readonly loadQueries: LoadQueries;
  /** Counts trainings, where the process serves metrics. */
  readonly observer?: AttemptObserver | undefined;
  /** Which machine this is, to trainers' records; the kernel says when absent. */
  readonly machine?: ThisMachine | undefined;
  [Symbol.asyncDispose](): Promise<void>;
}
