/** The page of a training run: its attempts and losses, hostile texts, and nothing that could act or call out. */
import { expect, it } from 'vitest';
import { renderTraining } from '../../../clients/report/training/render-training.ts';
import { keptTo, type TrainingReport } from '../../../clients/report/training/report-data.ts';
import type { AttemptRecord } from '../../../workflows/training/view.ts';
import { evilCorpus, marker } from '../../support/evil-corpus.ts';

const startMs = Date.UTC(2026, 0, 1);
const nowMs = startMs + 600_000;

const attempt = (
  epoch: number,
  [fromStep, toStep]: readonly [number, number],
  change: Partial<AttemptRecord> = {},
): AttemptRecord => ({
  ...{ epoch, host: 'one', fromStep, toStep, startedMs: startMs + epoch * 100_000 },
  ...{ steppingMs: startMs + epoch * 100_000 + 20_000, endedMs: startMs + epoch * 100_000 + 90_000 },
  ...{ class: 'killed', cause: 'killed/SIGKILL' },
  ...change,
});

const points = (from: number, to: number): [number, number][] =>
  Array.from({ length: (to - from) / 10 }, (_, index) => [
    from + 10 * (index + 1),
    100 / (from + 10 * (index + 1)),
  ]);

function reportOf(text = 'plain', given: Partial<TrainingReport> = {}): TrainingReport {
  return {
    ...{ run: 'training/x', state: text, cause: text, step: 300, maxSteps: 300, recipe: text, dataset: text },
    ...{ simulated: true, artefact: 'ab'.repeat(32), goodput: 0.75, recipeText: text },
    attempts: [
      attempt(1, [0, 120], { cause: text, host: text }),
      attempt(2, [100, 180]),
      attempt(3, [100, 300], { class: 'completed', endedMs: null }),
    ],
    curves: [
      { epoch: 1, points: points(0, 120) },
      { epoch: 2, points: points(100, 180) },
      { epoch: 3, points: points(100, 300) },
    ],
    checkpoints: [
      {
        ...{
          step: 100,
          attempt: 1,
          host: text,
          state: 'quarantined',
          bytes: 2 ** 20,
          ranks: 1,
          reason: text,
        },
        ...{ savedAt: new Date(startMs + 160_000), checkedAt: null, digest: null, directory: text },
        ...{ metrics: { [text]: 0.5 }, pending: null, copies: [] },
      },
    ],
    operations: [
      {
        ...{ update: text, by: text, identity: text, why: text, argument: text },
        at: new Date(startMs + 250_000),
      },
    ],
    notices: [{ kind: 'slow', step: 10, text }],
    ...given,
  };
}

it('counts the steps that a later attempt made again', () => {
  const { attempts } = reportOf();
  expect(attempts.map(({ epoch }) => keptTo(attempts, epoch))).toEqual([100, 100, 300]);
  // A step back below where an attempt began leaves nothing of it, and no more than it made.
  const back = [attempt(1, [0, 24]), attempt(2, [20, 24]), attempt(3, [10, 60])];
  expect(back.map(({ epoch, toStep }) => toStep - keptTo(back, epoch))).toEqual([14, 4, 0]);
});

it('shows figures, restarts, ends and what people did', async () => {
  const page = await renderTraining(reportOf(), nowMs);
  for (const text of [
    '300 of 300',
    '75.0 %',
    'abababababab',
    'Simulated data.',
    'killed/SIGKILL',
    'quarantined',
  ])
    expect(page).toContain(text);
  expect(page.match(/<figure\b/g)).toHaveLength(2);
  expect(page).toContain('2 restarts are marked');
  // Attempts 2 and 3 began at one step and share a mark; 20 and 80 steps were made again.
  expect(page).toContain('>2, 3<');
  expect(page).toMatch(/<td class="n">20<td/);
  expect(page).toMatch(/<td class="n">80<td/);
  expect(await renderTraining(reportOf(), nowMs)).toBe(page);
});

it('a run that has not begun is a page, too', async () => {
  const nothing = { attempts: [], curves: [], checkpoints: [], operations: [], notices: [] };
  const page = await renderTraining(
    reportOf('', { ...nothing, step: 0, maxSteps: null, artefact: null, goodput: null }),
    nowMs,
  );
  expect(page).toContain('No loss was told yet.');
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

it('losses of unknown attempts and of one point are no error', async () => {
  const single = reportOf('plain', { curves: [{ epoch: null, points: [[1, 2]] }] });
  expect(await renderTraining(single, nowMs)).toContain('No loss was told yet.');
  const curves = [{ epoch: null, points: points(0, 100) }];
  expect((await renderTraining(reportOf('plain', { curves }), nowMs)).match(/<figure\b/g)).toHaveLength(2);
});

it.each(Object.entries(evilCorpus))('%s does nothing', async (_, text) => {
  const page = await renderTraining(reportOf(text), nowMs);
  expect(page).toContain(marker);
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1];
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'$/,
  );
  expect(page).not.toMatch(/<(script|img|iframe|foreignObject|textarea)\b/i);
  expect(page.match(/<style>/g)).toHaveLength(1);
  expect(page).not.toMatch(/<[^>]* on[a-z]+=/i);
  expect(page).not.toMatch(/(href|src)="(?!#)/);
});
