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
  const paces = new Map<string, Pace>();
  let lastPlain = { at: 0, text: '' };
  let drawn = false;
  const clear = (): void => {
    if (drawn) stream.write('\r\u001b[K');
    drawn = false;
  };
  return {
    update(label, progress) {
      const pace = paces.get(label) ?? createPace();
      paces.set(label, pace);
      const text = formatProgress(label, {
        ...progress,
        perSecond: pace(now(), progress) ?? progress.perSecond,
      });
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
