/** What operators did to training runs. */
import type { ColumnType } from 'kysely';

export interface TrainingOperationTables {
  training_operations: {
    /** training/NAME. */
    run: string;
    workflow_run_id: string;
    update_id: string;
    /** Name of the update. */
    operation: string;
    /** Who, as the operator said; empty when only the identity is known. */
    operator: string;
    /** Of the client that sent the update. */
    identity: string;
    why: string;
    /** The rest of the argument, as JSON. */
    argument: string;
    at: ColumnType<Date, Date | string, Date | string>;
  };
}
