/** Attempts over time: starting, training, what was made again; how each ended, saves, and what operators did. */
import type { TopLevelSpec } from 'vega-lite';
import { terminalLine } from '../../../workflows/shared/encode/terminal.ts';
import { drawChart } from '../draw-chart.ts';
import { oneLine } from '../figures.ts';
import type { Markup } from '../markup.ts';
import { keptTo, type TrainingReport } from './report-data.ts';

export const timelineKinds = ['starting', 'training', 'made again'] as const;

interface Bar {
  readonly attempt: string;
  readonly kind: (typeof timelineKinds)[number];
  readonly from: number;
  readonly to: number;
}

/** `nowMs`: where attempts end that still run. */
export async function timelineChart(report: TrainingReport, nowMs: number): Promise<Markup | undefined> {
  const { attempts, checkpoints, operations } = report;
  const [first] = attempts;
  if (!first) return undefined;
  const lastMs = Math.max(
    ...attempts.map(({ endedMs }) => endedMs ?? nowMs),
    ...operations.map(({ at }) => at.getTime()),
  );
  const unit = unitOf(lastMs - first.startedMs);
  const at = (ms: number): number => Math.max(0, ms - first.startedMs) / unit.ms;
  const bars = attempts.flatMap((attempt) => barsOf(attempts, attempt, at, nowMs));
  const ends = attempts.map(({ epoch, endedMs, class: kind }) => ({
    ...{ attempt: String(epoch), at: at(endedMs ?? nowMs), text: kind ?? 'runs' },
    failed: kind !== null && kind !== 'completed' && kind !== 'cancelled',
  }));
  const known = new Set(attempts.map(({ epoch }) => epoch));
  const saves = checkpoints
    .filter(({ attempt, state }) => known.has(attempt) && state !== 'quarantined')
    .map(({ attempt, savedAt }) => ({ attempt: String(attempt), at: at(savedAt.getTime()) }));
  const acts = operations.map((act) => ({
    at: at(act.at.getTime()),
    text: oneLine(terminalLine(act.update), 40),
  }));
  const row = { field: 'attempt', type: 'ordinal', sort: null, title: 'Attempt' } as const;
  const spec = {
    width: 860,
    height: { step: 24 },
    layer: [
      {
        data: { values: acts },
        mark: { type: 'rule', color: 'var(--quiet)', strokeDash: [2, 3] },
        encoding: { x: { field: 'at', type: 'quantitative' } },
      },
      {
        data: { values: acts },
        mark: {
          type: 'text',
          align: 'left',
          baseline: 'bottom',
          angle: 0,
          dx: 3,
          color: 'var(--quiet)',
          fontSize: 11,
        },
        encoding: { x: { field: 'at', type: 'quantitative' }, y: { value: -3 }, text: { field: 'text' } },
      },
      {
        data: { values: bars },
        mark: { type: 'bar', height: 12 },
        encoding: {
          y: row,
          x: {
            field: 'from',
            type: 'quantitative',
            title: `${unit.name} since the start`,
            axis: { grid: false },
          },
          x2: { field: 'to' },
          color: {
            field: 'kind',
            legend: null,
            scale: { domain: [...timelineKinds], range: ['var(--line)', 'var(--accent)', 'var(--bar)'] },
          },
        },
      },
      {
        data: { values: saves },
        mark: { type: 'tick', color: 'var(--ink)', height: 16, thickness: 1.5 },
        encoding: { y: row, x: { field: 'at', type: 'quantitative' } },
      },
      {
        data: { values: ends },
        mark: { type: 'text', align: 'left', baseline: 'middle', dx: 6, fontSize: 12 },
        encoding: {
          y: row,
          x: { field: 'at', type: 'quantitative' },
          text: { field: 'text' },
          color: { condition: { test: 'datum.failed', value: 'var(--wrong)' }, value: 'var(--ink)' },
        },
      },
    ],
  } as TopLevelSpec;
  const words = ends.map(({ attempt, text }) => `attempt ${attempt}: ${text}`).join('; ');
  return drawChart(spec, `Attempts over time. ${words}.`);
}

function barsOf(
  attempts: TrainingReport['attempts'],
  attempt: TrainingReport['attempts'][number],
  at: (ms: number) => number,
  nowMs: number,
): Bar[] {
  const { epoch, fromStep, toStep, startedMs, steppingMs, endedMs } = attempt;
  const end = endedMs ?? nowMs;
  const stepping = steppingMs ?? end;
  const share = toStep > fromStep ? (keptTo(attempts, epoch) - fromStep) / (toStep - fromStep) : 0;
  const turn = stepping + Math.min(1, Math.max(0, share)) * (end - stepping);
  const bar = (kind: Bar['kind'], from: number, to: number): Bar[] =>
    to > from ? [{ attempt: String(epoch), kind, from: at(from), to: at(to) }] : [];
  return [
    ...bar('starting', startedMs, stepping),
    ...bar('training', stepping, turn),
    ...bar('made again', turn, end),
  ];
}

function unitOf(spanMs: number): { readonly name: string; readonly ms: number } {
  if (spanMs < 300_000) return { name: 'Seconds', ms: 1_000 };
  if (spanMs < 3 * 3_600_000) return { name: 'Minutes', ms: 60_000 };
  return spanMs < 72 * 3_600_000 ? { name: 'Hours', ms: 3_600_000 } : { name: 'Days', ms: 86_400_000 };
}
