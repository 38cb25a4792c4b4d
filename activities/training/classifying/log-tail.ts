/**
 * What the tail of trainer.log tells of an end: the last traceback's exception, torchrun's table of failed ranks, a C++
 * exception that ended the process, a watchdog's word. Hostile text: ordinary lines never count, lines are cut, at most
 * 64 KiB are read, and a training text that quotes an error within a line is no error.
 */
import { clean } from '../watching/event.ts';
import { isCascade } from './error-class.ts';

export interface FailedChild {
  readonly rank: number;
  /** Negative = by this signal. */
  readonly exitCode: number;
}

export interface LogTail {
  /** Of a traceback; `rank` where a launcher put it before the lines. */
  readonly exception: {
    readonly type: string;
    readonly message: string;
    readonly rank: number | null;
  } | null;
  /** torchrun's root cause, and then the other failures. */
  readonly children: readonly FailedChild[];
  /** `what():` of a C++ exception that nobody caught. */
  readonly what: string | null;
  readonly watchdog: boolean;
}

export const tailBytes = 64 * 1024;

export function readTail(text: string): LogTail {
  const lines = text
    .slice(-tailBytes)
    .split('\n')
    .map((line) => clean(line, 600));
  const children = childrenOf(lines);
  return {
    exception: exceptionOf(lines),
    children,
    what: whatOf(lines),
    watchdog: lines.some((line) => watchdogLine.test(line)),
  };
}

/** As PyTorch's C++ log and gloo write it: the source file's name stands before the words. A progress bar may precede it. */
const watchdogLine =
  /ProcessGroupNCCL\.cpp:\d{1,6}\] .{0,120}Watchdog caught collective operation timeout|^\s?what\(\): .{0,160}Watchdog caught collective|gloo\/transport\/tcp\/[a-z_]{1,30}\.cc:\d{1,6}\] (?:Timed out waiting|Connection closed by peer)/;

const rankPrefix = /^\[(?:rank|default)(\d{1,5})\]: ?/;
/** An exception's own line: a dotted class name at the line's start, then a colon or nothing. */
const exceptionLine = /^([A-Za-z_][\w.]{0,120})(?:: (.{0,500}))?$/;
const likeAnError = /(?:Error|Exception|Interrupt|Exit|Failed|Corrupt|BadZipFile|NonFinite\w{0,40})$/;

/** The last one that is no echo of another rank's end; ranks write between each other's lines. */
function exceptionOf(lines: readonly string[]): LogTail['exception'] {
  const inTraceback = new Set<number | null>();
  let found: LogTail['exception'] = null;
  let echo: LogTail['exception'] = null;
  for (const line of lines) {
    const prefix = rankPrefix.exec(line);
    const rank = prefix ? Number(prefix[1]) : null;
    const rest = prefix ? line.slice(prefix[0].length) : line;
    if (rest.startsWith('Traceback (most recent call last):')) inTraceback.add(rank);
    const match = inTraceback.has(rank) ? exceptionLine.exec(rest) : null;
    if (!match || !likeAnError.test(match[1] as string)) continue;
    inTraceback.delete(rank);
    const exception = { type: match[1] as string, message: match[2] ?? '', rank };
    // torchrun's own exception names the children below it.
    if (exception.type.endsWith('ChildFailedError')) continue;
    if (isCascade(exception)) echo = exception;
    else found = exception;
  }
  return found ?? echo;
}

/** The block of torch.distributed.elastic: `rank : 1 (local_rank: 1)`, then `exitcode : -9 (pid: 17)`; the root cause comes last. */
function childrenOf(lines: readonly string[]): FailedChild[] {
  const children: FailedChild[] = [];
  const start = lines.findLastIndex((line) => /(?:^|[ .])ChildFailedError:?$/.test(line));
  if (start < 0) return [];
  let rank: number | null = null;
  let root = -1;
  for (const line of lines.slice(start)) {
    if (line.startsWith('Root Cause (first observed failure)')) root = children.length;
    rank = Number(/^rank\s{1,8}: (\d{1,5}) \(local_rank: \d{1,5}\)$/.exec(line)?.[1] ?? rank ?? Number.NaN);
    const code = /^exitcode\s{0,8}: (-?\d{1,3}) \(pid: \d{1,10}\)/.exec(line)?.[1];
    if (code === undefined || Number.isNaN(rank)) continue;
    children.push({ rank, exitCode: Number(code) });
    rank = null;
  }
  return root > 0 ? [...children.slice(root), ...children.slice(0, root)] : children;
}

function whatOf(lines: readonly string[]): string | null {
  const at = lines.findLastIndex((line) =>
    line.startsWith("terminate called after throwing an instance of '"),
  );
  if (at < 0) return null;
  const what = lines.slice(at, at + 4).find((line) => line.startsWith('what(): '));
  return what?.slice('what(): '.length).trim() ?? '';
}
