/** The end of an attempt: everything that tells its class is gathered, classified, and written to its row. */
import { z } from 'zod';
import type { AttemptOutcome } from '../../../workflows/training/contract.ts';
import { toJson, toText } from '../../storage/encode.ts';
import { artefactIsWhole } from '../artefact.ts';
import { type AttemptView, leadOf } from '../attempt-view.ts';
import { classify, type Finding, pidsOf } from '../classify.ts';
import { readKernelWords } from '../classifying/kernel-words.ts';
import { tailBytes } from '../classifying/log-tail.ts';
import { gpusLeft } from '../gpus/lease.ts';
import type { AttemptStatus } from '../launcher.ts';
import type { AttemptLayout } from '../layout.ts';
import type { TrainingPorts } from '../ports.ts';
import type { Recipe } from '../recipe.ts';
import { readKernelLog } from './kernel-log.ts';
import { readTailOf, tailOf } from './stacks.ts';
import { readStopping } from './stopping.ts';

export async function conclude(
  ports: Pick<TrainingPorts, 'database' | 'host'>,
  attempt: {
    readonly run: string;
    readonly epoch: number;
    readonly layout: AttemptLayout;
    readonly recipe: Recipe;
    readonly view: AttemptView;
    readonly checkpoints: readonly number[];
    readonly status: AttemptStatus;
  },
): Promise<AttemptOutcome> {
  const { run, epoch, layout, recipe, view, checkpoints, status } = attempt;
  // No record = the shim is gone.
  const exit = status.status === 'ended' ? status.exit : null;
  const scheduler = ((status.status === 'ended' || status.status === 'gone') && status.scheduler) || null;
  const row = await ports.database
    .selectFrom('training_attempts')
    .select(['resume_step', 'start_ticks'])
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .executeTakeFirstOrThrow();
  const { end } = leadOf(view);
  // A recipe of ours that declares no early stopping has no reason to end early.
  const mayStopEarly = recipe.kind === 'command' || recipe.earlyStopping !== undefined;
  const said = end === 'completed' || (end === 'earlyStop' && mayStopEarly);
  const stopping = await readStopping(layout);
  const kernel = exit?.code === 0 || row.start_ticks === null ? [] : await readKernelLog(row.start_ticks);
  const broken = readKernelWords(kernel, pidsOf(view)).gpu?.pci ?? null;
  const found = classify({
    ...{ attempt: 'ended', view, exit, stopping, scheduler, reattached: false },
    logTail: await readTailOf(layout.log, tailBytes),
    kernel,
    artefactWhole: said && (await artefactIsWhole(layout.artefact, recipe)),
    maxSteps: recipe.maxSteps,
    resumeStep: row.resume_step,
    batch: batchOf(recipe),
    host: ports.host,
    // Not of this host where a scheduler gave them: it knows what is left.
    gpusLeft:
      row.start_ticks === null ? null : await gpusLeft(ports.database, { run, epoch }, recipe.gpus, broken),
  });
  const hungRank = stopping?.by === 'hang' ? stopping.rank : undefined;
  const tail = explained.has(found.class) ? '' : await tailOf(layout, hungRank);
  await ports.database
    .updateTable('training_attempts')
    .set({
      state: 'ended',
      outcome: found.class,
      evidence: toJson(evidence(found, tail)),
      ended_at: new Date(),
    })
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .execute();
  return { ...found, checkpoints, ...(tail === '' ? {} : { tail }) };
}

/** Classes whose log's end says nothing more. */
const explained = new Set<Finding['class']>(['completed', 'stopped', 'cancelled', 'superseded', 'preempted']);

function evidence(found: Finding, tail: string): object {
  const { cause, step, rank, firstBadStep, suggestion, exclude } = found;
  const text = toText(found.evidence);
  return { text, cause, step, rank, firstBadStep, suggestion, exclude, tail: toText(tail) };
}

const batchSchema = z.object({
  batchSize: z.number().int().positive(),
  gradientAccumulation: z.number().int().positive(),
});

function batchOf(recipe: Recipe): z.infer<typeof batchSchema> | null {
  const parsed = batchSchema.safeParse(recipe.kind === 'sft' ? recipe : recipe.options);
  return parsed.success ? parsed.data : null;
}
