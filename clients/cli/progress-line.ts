/**
 * One line about a run: stage, done and total, failure kinds, rate, ETA, tokens and cost. Redrawn on a terminal; else a plain line
 * every 5 s. The rate is that of the batches in flight, by the rule that Temporal's UI goes by; until it is known, the run's own.
 */
import { createPace, type Pace } from '../../workflows/shared/pace.ts';
import type { Progress } from '../../workflows/shared/progress.ts';
import {
  compact,
  doneWords,
  duration,
  failureWords,
  rateWords,
  secondsLeft,
} from '../../workflows/shared/progress-words.ts';

export interface ProgressLine {
  update(label: string, progress: Progress): void;
  clear(): void;
  end(): void;
}

const plainEveryMs = 5_000;

export function createProgressLine(stream: NodeJS.WriteStream, now: () => number = Date.now): ProgressLine {
  const runs = new Map<string, { shown: Progress; readonly pace: Pace }>();
  let lastPlain = { at: 0, text: '' };
  let drawn = false;
  const clear = (): void => {
    if (drawn) stream.write('\r\u001b[K');
    drawn = false;
  };
  return {
    update(label, progress) {
      const run = runs.get(label) ?? { shown: progress, pace: createPace() };
      runs.set(label, run);
      run.shown = steady(run.shown, progress);
      const { shown } = run;
      const text = formatProgress(label, { ...shown, perSecond: run.pace(now(), shown) ?? shown.perSecond });
      if (stream.isTTY) {
        stream.write(`\r\u001b[K${text.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
        drawn = true;
      } else if (text !== lastPlain.text && now() - lastPlain.at >= plainEveryMs) {
        lastPlain = { at: now(), text };
        stream.write(`${text}\n`);
      }
    },
    clear,
    end() {
      if (drawn) stream.write('\n');
      drawn = false;
    },
  };
}

/** Between the last heartbeat of a batch and its report, what it did is not to be seen: what was seen before stands. */
function steady(before: Progress, now: Progress): Progress {
  const isSame =
    before.stage === now.stage && before.total === now.total && matrixOf(before) === matrixOf(now);
  if (!isSame || now.done >= before.done) return now;
  const { done, failed, found, failureKinds, usage } = before;
  const counted = { done, failed, ...(found === undefined ? {} : { found }), ...(usage ? { usage } : {}) };
  return { ...now, ...counted, ...(failureKinds ? { failureKinds } : {}) };
}

/** Batches are PARENT/LABEL-N: the rounds of a stage are matrices of their own. */
function matrixOf({ open }: Progress): string | undefined {
  return open?.[0]?.replace(/-\d+$/, '');
}

export function formatProgress(label: string, progress: Progress): string {
  const { state, stage, failed, total, unit, usage, simulated, perSecond } = progress;
  const parts = [`${label}: ${stage || state}${state === 'paused' && stage !== '' ? ' (paused)' : ''}`];
  parts.push(doneWords(progress));
  if (failed > 0) parts.push(failureWords(progress));
  if (total > 0 && state !== 'paused') {
    if (perSecond) parts.push(rateWords(perSecond, unit));
    const left = secondsLeft(progress, perSecond);
    if (left !== undefined) parts.push(`ETA ${duration(left)}`);
  }
  if (usage) {
    parts.push(`${compact(usage.tokensIn + usage.tokensOut)} tokens`);
    parts.push(`$${usage.costUsd.toFixed(4)}${simulated ? ' (simulated)' : ''}`);
  }
  return parts.join(', ');
}
