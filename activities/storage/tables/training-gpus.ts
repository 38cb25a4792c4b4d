/** GPUs of the hosts that train, who holds each, and the runs that wait for one. */
import type { ColumnType, Generated } from 'kysely';

export interface TrainingGpuTables {
  /** A lease is `run` and `epoch`; both null = free. */
  training_gpus: {
    host: string;
    /** As the driver names it, or the operator's config. */
    uuid: string;
    index: number;
    name: string;
    /** Whole GiB; null = not told. */
    memory_gib: number | null;
    /** Bus address, by which the kernel's words name it: `0000:3b:00`. */
    pci: string | null;
    /** False once its host no longer lists it. */
    present: boolean;
    /** Why it is not used any more; an operator admits it again. */
    excluded: string | null;
    run: string | null;
    epoch: number | null;
    leased_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
    seen_at: ColumnType<Date, Date, Date>;
  };
  training_gpu_waits: {
    run: string;
    /** Of the workflow that is told when a GPU is free. */
    workflow_id: string;
    since: Generated<Date>;
  };
}
