/** Training loss by step: what counts, what was trained in vain, and where attempts began. */
import type { TopLevelSpec } from 'vega-lite';
import type { AttemptRecord } from '../../../workflows/training/view.ts';
import { drawChart } from '../draw-chart.ts';
import { count } from '../figures.ts';
import type { Markup } from '../markup.ts';
import { keptTo, type LossCurve } from './report-data.ts';

interface Point {
  readonly step: number;
  readonly loss: number;
  /** All that counts is one line; what an attempt trained in vain is one of its own. */
  readonly line: string;
  readonly kind: 'counts' | 'made again';
}

export async function lossChart(
  curves: readonly LossCurve[],
  attempts: readonly AttemptRecord[],
): Promise<Markup | undefined> {
  const points = curves.flatMap((curve, index) => linesOf(curve, index, attempts));
  if (points.length < 2) return undefined;
  const restarts = attempts.slice(1).map(({ epoch, fromStep }) => ({ step: fromStep, attempt: epoch }));
  const kinds = ['counts', 'made again'];
  const losses = points.map(({ loss }) => loss);
  const [lowest, highest] = [Math.min(...losses), Math.max(...losses)];
  const isWide = lowest > 0 && highest / lowest > 20;
  const spec = {
    width: 960,
    height: 280,
    layer: [
      {
        data: { values: restarts },
        mark: { type: 'rule', color: 'var(--fail)', strokeDash: [3, 3], strokeWidth: 1 },
        encoding: { x: { field: 'step', type: 'quantitative' } },
      },
      {
        data: { values: labelled(restarts) },
        mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 3, color: 'var(--fail)', fontSize: 11 },
        encoding: {
          x: { field: 'step', type: 'quantitative' },
          y: { value: -2 },
          text: { field: 'text' },
        },
      },
      {
        data: { values: points },
        mark: { type: 'line', strokeWidth: 1.6 },
        encoding: {
          x: {
            field: 'step',
            type: 'quantitative',
            title: 'Step',
            axis: { format: ',d', grid: false },
            scale: { nice: false },
          },
          y: {
            field: 'loss',
            type: 'quantitative',
            title: isWide ? 'Training loss (logarithmic)' : 'Training loss',
            axis: isWide ? { values: ticks(lowest, highest) } : { tickCount: 6 },
            scale: isWide ? { type: 'log' } : { zero: true },
          },
          detail: { field: 'line' },
          strokeDash: {
            field: 'kind',
            legend: null,
            scale: {
              domain: kinds,
              range: [
                [1, 0],
                [2, 3],
              ],
            },
          },
          color: {
            field: 'kind',
            legend: null,
            scale: { domain: kinds, range: ['var(--accent)', 'var(--quiet)'] },
          },
        },
      },
    ],
  } as TopLevelSpec;
  const last = points.findLast(({ kind }) => kind === 'counts');
  const description = `Training loss by step, from ${points[0]?.loss.toPrecision(3)} to ${last?.loss.toPrecision(3)} at step ${count(last?.step ?? 0)}; ${restarts.length} restarts are marked.`;
  return drawChart(spec, description);
}

/** 1, 2 and 5 of each power of ten. */
function ticks(lowest: number, highest: number): number[] {
  const powers = Array.from(
    { length: Math.ceil(Math.log10(highest / lowest)) + 2 },
    (_, index) => 10 ** (Math.floor(Math.log10(lowest)) + index),
  );
  return powers.flatMap((power) => [power, 2 * power, 5 * power]).filter((tick) => tick <= highest * 2);
}

/** The point at which the two parts meet belongs to both. */
function linesOf(curve: LossCurve, index: number, attempts: readonly AttemptRecord[]): Point[] {
  const { epoch, points } = curve;
  const end = epoch === null ? Infinity : keptTo(attempts, epoch);
  const counting = points.filter(([step]) => step <= end);
  const vain = points.slice(Math.max(0, counting.length - 1));
  const line =
    (kind: Point['kind']) =>
    ([step, loss]: readonly [number, number]): Point => ({
      ...{ step, loss, kind, line: kind === 'counts' && epoch !== null ? kind : `${index} ${kind}` },
    });
  return [...counting.map(line('counts')), ...(vain.length > 1 ? vain.map(line('made again')) : [])];
}

/** Attempts that began at one step share a label. */
function labelled(
  restarts: readonly { readonly step: number; readonly attempt: number }[],
): { step: number; text: string }[] {
  const steps = [...new Set(restarts.map(({ step }) => step))];
  return steps.map((step) => {
    const at = restarts.filter((restart) => restart.step === step).map(({ attempt }) => attempt);
    return { step, text: at.length > 3 ? `${at[0]} to ${at.at(-1)}` : at.join(', ') };
  });
}
