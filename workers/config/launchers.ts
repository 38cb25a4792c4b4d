/** `training.launchers.NAME`: where attempts run besides the worker's own host, which is `local`. */
import { z } from 'zod';
import { nameSchema } from '../../workflows/shared/names.ts';

/** A word of a scheduler's command line; never a flag. */
const word = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.:@/+-]{0,127}$/);
/** Features with `&`, `|`, counts and brackets. */
const features = z.string().regex(/^[A-Za-z0-9_[(][A-Za-z0-9_.:*&|,()[\]-]{0,255}$/);

const slurmSchema = z
  .strictObject({
    kind: z.literal('slurm'),
    partition: word.optional(),
    account: word.optional(),
    qos: word.optional(),
    reservation: word.optional(),
    constraint: features.optional(),
    /** Of one attempt, which saves and stops before it is over; the partition's when absent. */
    timeLimitMin: z.number().int().positive().max(525_600).optional(),
    cpus: z.number().int().positive().max(4_096).optional(),
    memoryMib: z.number().int().positive().optional(),
    /** How a recipe's `gpus.type` is asked for; a type that is not here is Slurm's own name of one (`--gres=gpu:TYPE:COUNT`). */
    gpuTypes: z
      .record(z.string().max(64), z.strictObject({ gres: word.optional(), constraint: features.optional() }))
      .default({}),
    /** Seconds before the time limit, or of grace at a preemption, in which the trainer saves. */
    warnS: z.number().int().min(10).max(65_535).default(120),
    /** Python of the nodes, 3.10 or newer. */
    python: z.string().startsWith('/').default('/usr/bin/python3'),
    /** Where slurm.conf is, when not at its usual place. */
    conf: z.string().startsWith('/').optional(),
    /** Seconds between two questions about one job. */
    pollS: z.number().min(1).max(600).default(10),
  })
  .refine(
    ({ timeLimitMin, warnS }) => timeLimitMin === undefined || warnS < timeLimitMin * 60,
    'warnS: less than the time limit',
  );

export const launchersSchema = z
  .record(nameSchema, slurmSchema)
  .refine((launchers) => !('local' in launchers), "local is the worker's own host")
  .default({});
export type LauncherConfig = z.infer<typeof slurmSchema>;
