/** Matrices: how their batches are steered, and what came from other sites. */
import type { Generated } from 'kysely';

export interface MatrixTables {
  /** Only of runs that were paused, tuned or ended by their time. */
  matrix_steering: {
    /** The first execution run id of the run's workflow. */
    key: string;
    version: number;
    held: boolean;
    executions_at_once: number | null;
    updated_at: Generated<Date>;
  };
  /** Files of cells that were imported; `executions.run` of such a cell is `run`: "import/" and 12 digits of the file's sha256. */
  matrix_imports: {
    run: string;
    file_sha256: string;
    cells_sha256: string;
    /** Rows of the file, and how many of them this store did not have. */
    cells: number;
    written: number;
    /** As the file's provenance says; null without one. */
    site: string | null;
    release: string | null;
    exported_at: Date | null;
    imported_at: Generated<Date>;
  };
}
