/** Where attempts live: on the worker's own host, or with a scheduler that each worker with its launcher may ask. */
import { failure } from '../failure.ts';
import type { Launcher } from './launcher.ts';
import type { TrainingPorts } from './ports.ts';

export interface Place {
  /** In place of a host's name, in rows and queues; no host is called so (it holds a colon). */
  readonly host: string;
  readonly launcher: Launcher;
}

/** By the name of the launcher that inputs give; `local` is not among them. */
export type Places = Readonly<Record<string, Place>>;

type PlacedPorts = TrainingPorts & { readonly places: Places };

/** The ports of a run with this launcher. Throws `Training.HostUnknown` where the config lacks it: another worker may have it. */
export function placed(ports: PlacedPorts, launcher = 'local'): TrainingPorts {
  if (launcher === 'local') return ports;
  const place = ports.places[launcher];
  if (place) return at(ports, place);
  throw failure(
    'Training.HostUnknown',
    `launcher ${launcher} is not in the config of the worker on ${ports.host}`,
  );
}

/** The ports of an attempt, by the host of its row: an older one may have had another launcher. */
export async function placeOfAttempt(
  ports: PlacedPorts,
  { run, epoch }: { readonly run: string; readonly epoch: number },
): Promise<TrainingPorts> {
  const row = await ports.database
    .selectFrom('training_attempts')
    .select('host')
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .executeTakeFirst();
  const place = Object.values(ports.places).find(({ host }) => host === row?.host);
  return place ? at(ports, place) : ports;
}

/** What is passed on of this host's own devices and directories says nothing there. */
function at(ports: PlacedPorts, { host, launcher }: Place): TrainingPorts {
  const { CUDA_VISIBLE_DEVICES: _, TMPDIR: __, ...trainerEnv } = ports.trainerEnv;
  return { ...ports, host, launcher, trainerEnv, gpus: undefined };
}
