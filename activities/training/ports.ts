/** What the training activities need of their process. */
import { fileURLToPath } from 'node:url';
import type { Blobs } from '../storage/blobs.ts';
import type { Database } from '../storage/tables.ts';
import type { CopyPlace } from './checkpoints/copy.ts';
import type { Gpu } from './gpus/discover.ts';
import type { JudgePrograms } from './judge-programs.ts';
import type { Launcher } from './launcher.ts';
import type { ModelPlaces } from './models/base-model.ts';
import type { AttemptObserver } from './observer.ts';

export interface TrainingPorts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly launcher: Launcher;
  /** HOME/training. */
  readonly root: string;
  /** This host's name: its queue is `Q-gpu.HOST`. */
  readonly host: string;
  /** Its GPUs, where the config names them; absent = what the driver lists. */
  readonly gpus?: readonly Gpu[] | undefined;
  /** Python of the product's trainer; its environment is installed when first needed. */
  trainerPython(): Promise<string>;
  /** Passed on to trainers: PATH, CUDA_VISIBLE_DEVICES. */
  readonly trainerEnv: Readonly<Record<string, string>>;
  /** Where verified checkpoints are copied to. */
  readonly copies?: CopyPlace | undefined;
  /** Counts what is watched, where the worker serves metrics. */
  readonly observer?: AttemptObserver | undefined;
  /** Models that recipes begin with; absent = none but those from scratch. */
  readonly models?: ModelPlaces | undefined;
  /** Judges programs that a model wrote at a save; absent = they are not judged. */
  readonly judgePrograms?: JudgePrograms | undefined;
  /** Directories of recipes, the worker's own first. */
  readonly recipes: readonly string[];
}

export const trainerScript = fileURLToPath(new URL('./trainer/train.py', import.meta.url));
/** Where a trainer of kind `command` finds `events.py`. */
export const protocolDirectory = fileURLToPath(new URL('./protocol', import.meta.url));
