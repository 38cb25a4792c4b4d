/**
 * Steers a matrix, and stages like it, while they run: the updates `pause`, `resume` and `tune`, and the end of the time. A pause
 * begins no further execution; those under way end, so that nothing is paid twice, and their batches report what they did.
 */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineUpdate,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type MatrixActivities,
  matrixActivityOptions,
  type MatrixControl,
  type Tune,
  tuneLimits,
  updateNames,
} from './contract.ts';

export const pauseUpdate = defineUpdate<MatrixControl>(updateNames.pause);
export const resumeUpdate = defineUpdate<MatrixControl>(updateNames.resume);
export const tuneUpdate = defineUpdate<MatrixControl, [Tune]>(updateNames.tune);

/** Survives continue-as-new. Absent fields: as the matrix's own options say. */
export interface SteeringCarried {
  readonly paused: boolean;
  readonly window?: number | undefined;
  readonly executionsAtOnce?: number | undefined;
  /** Rises with each change. */
  readonly version: number;
  /** When the matrix must end, in milliseconds since 1970. */
  readonly endsAtMs?: number | undefined;
}

export interface Steering {
  /** What the next run of the workflow begins with. */
  carried(): SteeringCarried;
  version(): number;
  paused(): boolean;
  window(): number;
  /** Why it ended before its cells were done; undefined while it may go on. */
  ended(): string | undefined;
  /** Names the row that batches look at. */
  readonly key: string;
  /** Calls back after each change, until `close`. */
  onChange(listener: () => void): void;
  /** No update is taken any more; resolves when those under way are written. */
  close(): Promise<void>;
  /** Takes updates again, for the run's next stage. `timed` false: the end of the time does not end that stage. */
  reopen(options?: { readonly timed?: boolean }): void;
  /** Where something steered the run before: writes how it stands now, for a stage that the row may be too old for. */
  tell(): Promise<void>;
  /** Resolves when the run is not paused, and the row says so. */
  free(): Promise<void>;
}

export interface SteeringOptions {
  readonly carried?: SteeringCarried | undefined;
  /** Batches in flight; default 4. */
  readonly window?: number;
  /** Minutes from here after which the matrix ends; pauses count. */
  readonly maxWallMinutes?: number | undefined;
}

/** Of the progress of a paused run. */
export const pausedCause = 'paused: executions under way end, and none begins until it is resumed';

const defaultWindow = 4;
const msPerMinute = 60_000;

/** Create it before the first thing that takes time: updates are refused until then. */
export function createSteering(options: SteeringOptions = {}): Steering {
  const key = workflowInfo().firstExecutionRunId;
  const own = options.window ?? defaultWindow;
  let { paused, window, executionsAtOnce, version, endsAtMs } = options.carried ?? firstState(options);
  let ended: string | undefined;
  let closed = false;
  let writing = 0;
  let listener = (): void => {};
  const { steerRun } = proxyActivities<MatrixActivities>({
    ...matrixActivityOptions.steerRun,
    summary: 'tell the batches in flight',
  });
  const control = (): MatrixControl => ({
    paused,
    window: window ?? own,
    ...(executionsAtOnce === undefined ? {} : { executionsAtOnce }),
  });

  async function change(): Promise<MatrixControl> {
    version += 1;
    const now = control();
    listener();
    writing += 1;
    try {
      const limit = executionsAtOnce === undefined ? {} : { executionsAtOnce };
      await steerRun({ steering: key, version, held: paused || ended !== undefined, ...limit });
    } finally {
      writing -= 1;
    }
    return now;
  }

  const refuseLate = (): void => {
    if (closed || ended !== undefined) throw refused('nothing that can be steered is under way');
  };
  setHandler(
    pauseUpdate,
    () => {
      paused = true;
      return change();
    },
    {
      validator: () => {
        refuseLate();
        if (paused) throw refused('the run is paused already');
      },
    },
  );
  setHandler(
    resumeUpdate,
    () => {
      paused = false;
      return change();
    },
    {
      validator: () => {
        refuseLate();
        if (!paused) throw refused('the run is not paused');
      },
    },
  );
  setHandler(
    tuneUpdate,
    (tune) => {
      window = tune.window ?? window;
      executionsAtOnce = tune.executionsAtOnce ?? executionsAtOnce;
      return change();
    },
    {
      validator: (tune) => {
        refuseLate();
        if (!isTune(tune)) throw refused('tune: name `window` (1 to 64) or `executionsAtOnce` (1 to 512)');
      },
    },
  );

  let clock = new CancellationScope();
  const startClock = (): void => {
    if (endsAtMs === undefined) return;
    clock = new CancellationScope();
    void clock
      .run(async () => {
        await sleep(Math.max(1, (endsAtMs ?? 0) - Date.now()));
        ended = `its ${options.maxWallMinutes} minutes (maxWallMinutes) are over`;
        await change();
      })
      .catch(() => {});
  };
  startClock();

  return {
    key,
    carried: () => ({ paused, window, executionsAtOnce, version, endsAtMs }),
    version: () => version,
    paused: () => paused && ended === undefined,
    window: () => window ?? own,
    ended: () => ended,
    onChange: (next) => (listener = next),
    async close() {
      closed = true;
      listener = () => {};
      if (ended === undefined) clock.cancel();
      await condition(() => writing === 0);
    },
    reopen({ timed = true } = {}) {
      closed = false;
      if (timed) startClock();
      else ended = undefined;
    },
    async tell() {
      if (version > 0) await change();
    },
    free: () => condition(() => !paused && writing === 0),
  };
}

/**
 * As `tuneSchema`, with at least one of its fields. By hand: contracts are frozen when they are shared by workflows
 * (workers/workflow-code.ts), and a zod schema changes itself when it is first used.
 */
function isTune(given: unknown): given is Tune {
  if (typeof given !== 'object' || given === null) return false;
  const fields = Object.entries(given).filter(([, value]) => value !== undefined);
  const limits: Readonly<Record<string, number>> = tuneLimits;
  const isWithin = ([name, value]: [string, unknown]): boolean =>
    Object.hasOwn(limits, name) &&
    Number.isInteger(value) &&
    Number(value) >= 1 &&
    Number(value) <= (limits[name] ?? 0);
  return fields.length > 0 && fields.every(isWithin);
}

function firstState({ maxWallMinutes }: SteeringOptions): SteeringCarried {
  const endsAtMs = maxWallMinutes === undefined ? undefined : Date.now() + maxWallMinutes * msPerMinute;
  return { paused: false, version: 0, endsAtMs };
}

function refused(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: 'Input.Invalid', message, nonRetryable: true });
}
