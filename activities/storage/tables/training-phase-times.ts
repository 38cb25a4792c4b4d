/** How long phases of training take: what counts as a hang is told by it. */
import type { ColumnType } from 'kysely';

export interface TrainingPhaseTimeTables {
  training_phase_times: {
    /** Blob of the recipe. */
    recipe_sha256: string;
    host: string;
    /** A phase of the events; `train` = one step. */
    phase: string;
    /** The latest 256, oldest first. */
    seconds: readonly number[];
    updated_at: ColumnType<Date, Date | undefined, Date>;
  };
}
