/** Orders to a running attempt: save now, or save, stop and prove the tree dead. */
import { failure } from '../failure.ts';
import { attemptLayout, writeWhole } from './layout.ts';
import type { TrainingPorts } from './ports.ts';
import { recordStopping } from './watching/stopping.ts';

export interface StopRequest {
  readonly run: string;
  readonly epoch: number;
  /** Seconds to save and leave before TERM. */
  readonly saveS: number;
  /** `cancel`: the run ends with it. Default: an operator's pause. */
  readonly by?: 'operator' | 'cancel';
}

/** The trainer reads the order at the end of its step. */
export async function orderSave(
  ports: TrainingPorts,
  request: { readonly run: string; readonly epoch: number },
): Promise<void> {
  await order(ports, request, 'save');
}

/** The shim passes it on at once; the stacks are in `stacks.RANK.txt` a moment later. Nothing comes of a trainer without a handler. */
export async function orderDump(
  ports: Pick<TrainingPorts, 'root'>,
  { run, epoch }: { readonly run: string; readonly epoch: number },
): Promise<void> {
  const layout = attemptLayout(ports.root, run, epoch);
  await writeWhole(layout.control, JSON.stringify({ epoch, seq: Date.now(), cmd: 'dump' }));
}

export async function stopAttempt(
  ports: TrainingPorts,
  request: StopRequest,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  const { run, epoch } = request;
  const layout = attemptLayout(ports.root, run, epoch);
  await recordStopping(layout, { by: request.by ?? 'operator' });
  await order(ports, request, 'saveStop');
  const until = performance.now() + request.saveS * 1000;
  while (performance.now() < until) {
    const { status } = await ports.launcher.observe(layout, run, epoch);
    if (status === 'ended' || status === 'gone') return;
    if (status === 'queued') break;
    await sleep(100);
  }
  await ports.launcher.stop(layout, run, epoch, 5);
}

async function order(
  ports: TrainingPorts,
  { run, epoch }: { readonly run: string; readonly epoch: number },
  cmd: 'save' | 'saveStop',
): Promise<void> {
  const layout = attemptLayout(ports.root, run, epoch);
  const row = await ports.database
    .selectFrom('training_attempts')
    .select('host')
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .executeTakeFirst();
  if (row?.host !== ports.host)
    throw failure('Training.HostUnknown', `attempt ${epoch} of ${run} is not on this host`);
  await writeWhole(layout.control, JSON.stringify({ epoch, seq: Date.now(), cmd }));
}
