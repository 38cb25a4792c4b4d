/** The training loss of each attempt, from its events; where these are on another host, from what the run itself remembers. */
import { attemptLayout } from '../../../activities/training/layout.ts';
import { fileStart, readEventFile } from '../../../activities/training/watching/event-file.ts';
import type { AttemptRecord, TrainingView } from '../../../workflows/training/view.ts';
import type { LossCurve } from '../../report/training/report-data.ts';

/** Points of all attempts together: more is not to be seen in a picture. */
const maxPoints = 6_000;

export async function readCurves(
  root: string,
  run: string,
  attempts: readonly Pick<AttemptRecord, 'epoch'>[],
  remembered: TrainingView['losses'],
): Promise<LossCurve[]> {
  const most = Math.max(100, Math.floor(maxPoints / Math.max(1, attempts.length)));
  const curves: LossCurve[] = [];
  for (const { epoch } of attempts) {
    const points = await lossesOf(attemptLayout(root, run, epoch).events, epoch);
    if (points.length > 0) curves.push({ epoch, points: thin(points, most) });
  }
  return curves.length > 0 ? curves : split(remembered);
}

async function lossesOf(path: string, epoch: number): Promise<LossCurve['points']> {
  const points: (readonly [number, number])[] = [];
  let from = fileStart;
  for (;;) {
    const { events, position, more } = await readEventFile(path, from, epoch);
    for (const { ev, step, loss } of events)
      if (ev === 'log' && typeof loss === 'number' && Number.isFinite(loss)) points.push([step, loss]);
    if (!more || position.offset === from.offset) return points;
    from = position;
  }
}

/** Every n-th and the last one. */
function thin(points: LossCurve['points'], most: number): LossCurve['points'] {
  const every = Math.ceil(points.length / most);
  return points.filter((_, index) => index % every === 0 || index === points.length - 1);
}

/** A step back begins another attempt. */
function split(losses: TrainingView['losses']): LossCurve[] {
  const parts: (readonly [number, number])[][] = [];
  let last = Infinity;
  for (const point of losses) {
    if (point[0] <= last) parts.push([]);
    parts.at(-1)?.push(point);
    [last] = point;
  }
  return parts.map((points) => ({ epoch: null, points }));
}
