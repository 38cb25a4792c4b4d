/** One line about a run: done/failed/total, rate, ETA, tokens and cost. Redrawn on a terminal; else a plain line every 5 s. */
import type { Progress } from '../../workflows/shared/progress.ts';

export interface ProgressLine {
  update(label: string, progress: Progress): void;
  clear(): void;
  end(): void;
}

const plainEveryMs = 5_000;

export function createProgressLine(stream: NodeJS.WriteStream, now: () => number = Date.now): ProgressLine {
  const starts = new Map<string, { at: number; done: number }>();
  let lastPlain = { at: 0, text: '' };
  let drawn = false;
  const clear = (): void => {
    if (drawn) stream.write('\r\u001b[K');
    drawn = false;
  };
  return {
    update(label, progress) {
      const key = `${label} ${progress.stage}`;
      const start = starts.get(key) ?? { at: now(), done: progress.done };
      starts.set(key, start);
      const text = formatProgress(label, progress, {
        elapsedMs: now() - start.at,
        doneSince: progress.done - start.done,
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

/** `doneSince` counts items since this process looks; the rate ignores what an earlier start had done. */
export function formatProgress(
  label: string,
  progress: Progress,
  pace: { readonly elapsedMs: number; readonly doneSince: number },
): string {
  const parts = [`${label}: ${progress.stage || progress.state}`];
  parts.push(progress.total > 0 ? `${progress.done}/${progress.total} done` : `${progress.done} done`);
  if (progress.failed > 0) parts.push(`${progress.failed} failed`);
  const perSecond = pace.elapsedMs > 0 ? (pace.doneSince * 1_000) / pace.elapsedMs : 0;
  if (perSecond > 0) {
    parts.push(`${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s`);
    if (progress.total > progress.done)
      parts.push(`ETA ${duration((progress.total - progress.done) / perSecond)}`);
  }
  if (progress.usage) {
    parts.push(`${compact(progress.usage.tokensIn + progress.usage.tokensOut)} tokens`);
    parts.push(`$${progress.usage.costUsd.toFixed(4)}${progress.simulated ? ' (simulated)' : ''}`);
  }
  return parts.join(', ');
}

export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}

export function compact(count: number): string {
  if (count < 1_000) return String(count);
  return count < 1_000_000 ? `${(count / 1_000).toFixed(1)}k` : `${(count / 1_000_000).toFixed(2)}M`;
}
