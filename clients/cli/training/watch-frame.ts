/** The frame of `masgpt training watch`: lines for a terminal of so many columns. Pure. */
import { terminalLine } from '../../../workflows/shared/encode/terminal.ts';
import type { Progress } from '../../../workflows/shared/progress.ts';
import {
  compact,
  duration,
  rateWords,
  secondsLeft,
  unknown,
} from '../../../workflows/shared/progress-words.ts';
import type { AttemptRecord, TrainingView } from '../../../workflows/training/view.ts';
import { clip } from '../display-width.ts';
import { plot } from './plot.ts';

const plotRows = 8;
const shownAttempts = 5;
const labelWidth = 9;

export function watchFrame(run: string, progress: Progress, nowMs: number, columns: number): string[] {
  const { training, state, stage, done, total, perSecond } = progress;
  const left = secondsLeft(progress, perSecond);
  const bar = gauge(total > 0 ? done / total : 0, 20);
  const lines = [
    text(`${run}  ${state}  ${stage}${phaseOf(progress)}${progress.cause ? `  ${progress.cause}` : ''}`),
    `${bar} step ${done} of ${total}, ${rateWords(perSecond, 'steps')}, ETA ${left === undefined ? unknown : duration(left)}`,
  ];
  if (training) lines.push(...trainingLines(training, nowMs, columns));
  return lines.map((line) => clip(line, columns));
}

function phaseOf({ state, training }: Progress): string {
  return state === 'running' && training ? `, ${training.phase}` : '';
}

function trainingLines(training: TrainingView, nowMs: number, columns: number): string[] {
  const {
    loss,
    tokensPerS,
    goodput,
    waitedMs = 0,
    checkpoints,
    attempts,
    losses,
    parked,
    notices,
  } = training;
  const lines = [
    [
      `loss ${loss === null ? unknown : loss.toPrecision(4)}`,
      `tokens/s ${tokensPerS === null ? unknown : compact(Math.round(tokensPerS))}`,
      `goodput ${goodput === null ? unknown : `${(100 * goodput).toFixed(0)} %`}`,
      ...(waitedMs >= 1_000 ? [`waited for people ${duration(waitedMs / 1_000)}`] : []),
      `checkpoints ${checkpoints.slice(-5).join(', ') || 'none'}`,
    ].join(', '),
  ];
  const marks = attempts.slice(1).map(({ fromStep }) => fromStep);
  if (losses.length > 1)
    lines.push(...plot(losses, { columns: Math.max(10, columns - labelWidth), rows: plotRows, marks }));
  lines.push(...attempts.slice(-shownAttempts).map((attempt) => attemptLine(attempt, nowMs)));
  const notice = notices.at(-1);
  if (notice) lines.push(text(`notice at step ${notice.step}: ${notice.kind}: ${notice.text}`));
  if (parked) {
    lines.push(text(`waits for a person: ${parked.why}`), text(`seen: ${parked.evidence}`));
    lines.push(...parked.choices.map(({ command, does }) => `  ${text(command)}   ${text(does)}`));
  }
  return lines;
}

function attemptLine(attempt: AttemptRecord, nowMs: number): string {
  const { epoch, host, fromStep, toStep, startedMs, endedMs, class: kind } = attempt;
  const lasted = duration(Math.max(0, (endedMs ?? nowMs) - startedMs) / 1_000);
  return text(`attempt ${epoch} on ${host}: steps ${fromStep} to ${toStep}, ${lasted}, ${kind ?? 'runs'}`);
}

function gauge(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`;
}

/** Texts of the trainer and of operators get here. */
const text = terminalLine;
