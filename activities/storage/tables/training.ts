/** Training attempts, checkpoints, artefacts. */
import type { ColumnType, Generated } from 'kysely';

export interface TrainingTables {
  training_attempts: {
    run: string;
    /** Minted here, rising for ever within a run; every event, manifest and control file carries it. */
    epoch: number;
    /** Makes minting idempotent: workflow run id and activity id. */
    minted_by: string;
    host: string;
    boot_id: string | null;
    pid: number | null;
    start_ticks: string | null;
    directory: string;
    resume_step: number | null;
    state: 'minted' | 'running' | 'ended';
    /** Failure class of training-supervision.md section 4, once it ended. */
    outcome: string | null;
    evidence: unknown;
    /** Fingerprint of the recipe, and hash of the local model that the attempt began with; null without one. */
    config_sha: Generated<string | null>;
    model_sha256: Generated<string | null>;
    started_at: Generated<Date>;
    ended_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
  };
  training_checkpoints: {
    run: string;
    step: number;
    epoch: number;
    directory: string;
    /** sha256 over the manifest's canonical form: the authoritative digest. Null until it was verified. */
    digest: string | null;
    manifest: unknown;
    /** `saved`: named by an event and not verified yet. */
    state: 'saved' | 'verified' | 'quarantined' | 'pruned';
    reason: string | null;
    /** Of all its files; a bigint comes as text. */
    bytes: ColumnType<string, number | undefined, number>;
    world_size: Generated<number>;
    /** Numbers by name, as its events gave them: what the retention's `best` looks at. */
    metrics: unknown;
    /** When its files were last hashed and found whole. */
    checked_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
    /** What is still to be done to its directory: moved to quarantine, or deleted. */
    pending: ColumnType<
      'move' | 'delete' | null,
      'move' | 'delete' | null | undefined,
      'move' | 'delete' | null
    >;
    created_at: Generated<Date>;
  };
  /** Copies of checkpoints in a bucket. */
  training_checkpoint_copies: {
    run: string;
    step: number;
    epoch: number;
    /** `BUCKET/PREFIX`. */
    place: string;
    /** Of the manifest that was copied. */
    digest: string;
    /** When every byte was read back from there; null = it was not. */
    verified_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
    problem: string | null;
  };
  /** A finished training's model: servable by `masgpt serve RUN`. */
  artefacts: {
    run: string;
    sha256: string;
    directory: string;
    recipe: string;
    dataset_sha256: string;
    metrics: unknown;
    created_at: Generated<Date>;
  };
}
