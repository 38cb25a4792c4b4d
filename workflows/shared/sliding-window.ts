/**
 * Fan-out that survives continue-as-new: numbered members run as child workflows `PARENT/LABEL-N` that no parent's end
 * terminates (ABANDON), at most `size` at once, and report by signal to the parent's workflow id. A member that closed
 * without a report, or is silent after a continue-as-new, is reconciled: counted if its work is stored, else started again.
 */
import { type Duration, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  type ChildWorkflowOptions,
  condition,
  ContinueAsNew,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { type Report, reportSignal, type Seat } from './report.ts';

/** What a continue-as-new carries. */
export interface WindowState {
  readonly next: number;
  readonly open: readonly number[];
  /** Members that wait to be started once more. */
  readonly again?: readonly number[];
}

/** `again`: the member is started once more, later. `stop`: no further member is started. */
export type Verdict = 'next' | 'again' | 'stop';

export interface WindowOptions<R> {
  readonly label: string;
  /** Identifies the work: reports of another key are not counted. */
  readonly key: string;
  readonly total: number;
  /** How many run at once; asked anew whenever `steered` changes. */
  readonly size: () => number;
  /** True while no member may start; the window then waits, even with none open. */
  readonly held: () => boolean;
  /** True once no member may start any more. */
  readonly ended: () => boolean;
  /** A number that changes when `size`, `held` or `ended` may have. */
  readonly steered: () => number;
  /** The first member at or after this one that there is work in, or `total`; default: each has work. */
  readonly after?: ((member: number) => Promise<number>) | undefined;
  /**
   * A member that is started once more may still be ending: it has reported, and reports no more. True: its end is waited for, and
   * says nothing about the member. False, as in runs that an earlier release began: it counts as one that runs, and its end as silence.
   */
  readonly awaitEnding: boolean;
  readonly state: WindowState;
  /** The child workflow is called with `args(member)` and then its `Seat`. */
  readonly child: {
    readonly type: string;
    readonly args: (member: number) => readonly unknown[];
    readonly options: (member: number) => Omit<ChildWorkflowOptions, 'args' | 'workflowId'>;
  };
  /** Counts a result; called once per member, and once more each time it was `again`. */
  readonly onResult: (result: R, member: number) => Verdict;
  /** Called after members started or reported; `open` are workflow ids. */
  readonly onChange: (open: readonly string[]) => void;
  /** The result of a member whose work is stored in full; null when some is missing. */
  readonly reconcile: (member: number) => Promise<R | null>;
  /** Continues the parent's workflow as new with this state. */
  readonly continueAsNew: (state: WindowState) => Promise<never>;
  /** Continue as new at this length; the server's own suggestion always counts. */
  readonly maxHistoryEvents: number;
  /** After how much silence members that an earlier run of the parent started are reconciled. */
  readonly quiet: Duration;
}

const cancelWaitMs = 120_000;
const endingPollMs = 500;

const isCancelled = (): boolean => CancellationScope.current().consideredCancelled;

/** Resolves when every started member has reported. Throws a failed member's failure after cancelling the others. */
export async function slideWindow<R>(options: WindowOptions<R>): Promise<void> {
  const parent = workflowInfo().workflowId;
  const idOf = (member: number): string => `${parent}/${options.label}-${member}`;
  const open = new Set(options.state.open);
  /** Open members whose end will not be in this run's history. */
  const distant = new Set(options.state.open);
  /** Open members to reconcile. */
  const silent = new Set<number>();
  /** How often each open member was started here. */
  const starts = new Map<number, number>();
  const reports: (readonly [Seat, Report<R>])[] = [];
  const again = [...(options.state.again ?? [])];
  let next = options.state.next;
  let goOn = true;
  setHandler(reportSignal, (seat, report) => {
    if (seat.label === options.label) reports.push([seat, report as Report<R>]);
  });

  try {
    for (;;) {
      const steered = options.steered();
      takeReports();
      await fill();
      options.onChange([...open].map(idOf));
      if (open.size === 0 && !waiting()) return;
      if (mustContinue())
        await options.continueAsNew({ next, open: [...open], ...(again.length > 0 ? { again } : {}) });
      if (!(await somethingHappened(steered))) for (const member of distant) silent.add(member);
      takeReports();
      for (const member of options.awaitEnding ? [...silent] : silent) {
        if (options.awaitEnding) takeReports();
        await reconcile(member);
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof ContinueAsNew)) await CancellationScope.nonCancellable(cancelOpen);
    throw thrown;
  }

  function takeReports(): void {
    for (let entry = reports.shift(); entry; entry = reports.shift()) {
      const [seat, report] = entry;
      if (!open.has(seat.member)) continue;
      if (seat.key !== options.key || report.status === 'cancelled') silent.add(seat.member);
      else if (report.status === 'failed') {
        close(seat.member);
        throw ApplicationFailure.create({ type: report.type, message: report.message, nonRetryable: true });
      } else count(seat.member, report.result);
    }
  }

  async function fill(): Promise<void> {
    const begun: Promise<void>[] = [];
    const begin = (member: number, isRepeated = false): void => {
      open.add(member);
      begun.push(start(member, isRepeated));
    };
    while (hasRoom() && hasMore()) {
      const repeated = again.shift();
      if (repeated !== undefined) begin(repeated, true);
      else {
        if (options.after) next = await options.after(next);
        // What was asked may have taken a while.
        if (hasRoom() && next < options.total) begin(next++);
      }
    }
    await Promise.all(begun);
  }

  function hasRoom(): boolean {
    return goOn && !options.ended() && !isCancelled() && !options.held() && open.size < options.size();
  }

  function hasMore(): boolean {
    return again.length > 0 || next < options.total;
  }

  function waiting(): boolean {
    return goOn && !options.ended() && options.held() && hasMore();
  }

  /** Starting a member that still runs leaves it running: it reports here all the same. */
  async function start(member: number, isRepeated = false): Promise<void> {
    const seat: Seat = { label: options.label, member, key: options.key };
    const nth = (starts.get(member) ?? 0) + 1;
    starts.set(member, nth);
    const isLatest = (): boolean => !options.awaitEnding || starts.get(member) === nth;
    try {
      const child = await CancellationScope.nonCancellable(() =>
        startChild(options.child.type, {
          ...options.child.options(member),
          workflowId: idOf(member),
          args: [...options.child.args(member), seat],
          parentClosePolicy: ParentClosePolicy.ABANDON,
          cancellationType: ChildWorkflowCancellationType.ABANDON,
        }),
      );
      distant.delete(member);
      const closed = (): void => {
        if (open.has(member) && isLatest()) silent.add(member);
      };
      void child.result().then(closed, closed);
    } catch (thrown) {
      if (!(thrown instanceof WorkflowExecutionAlreadyStartedError)) throw thrown;
      if (isRepeated && options.awaitEnding) {
        await sleep(endingPollMs);
        await start(member, isRepeated);
      } else distant.add(member);
    }
  }

  async function reconcile(member: number): Promise<void> {
    silent.delete(member);
    if (!open.has(member)) return;
    const result = await options.reconcile(member);
    if (!open.has(member)) return;
    if (result === null) await start(member);
    else count(member, result);
  }

  function count(member: number, result: R): void {
    close(member);
    const verdict = options.onResult(result, member);
    if (verdict === 'stop') goOn = false;
    if (verdict === 'again') again.push(member);
  }

  function close(member: number): void {
    open.delete(member);
    distant.delete(member);
    silent.delete(member);
  }

  function mustContinue(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    // What a continue-as-new would lose: reports not counted, members to reconcile, a cancel.
    const settled =
      reports.length === 0 && silent.size === 0 && !isCancelled() && allHandlersFinished() && open.size > 0;
    return settled && (continueAsNewSuggested || historyLength > options.maxHistoryEvents);
  }

  /** False after `quiet` of silence; only distant members need that timer. */
  async function somethingHappened(steered: number): Promise<boolean> {
    const happened = (): boolean => reports.length > 0 || silent.size > 0 || options.steered() !== steered;
    if (distant.size > 0) return condition(happened, options.quiet);
    await condition(happened);
    return true;
  }

  /** Passes the cancel on, since ABANDON does not, and waits until each member has stopped. */
  async function cancelOpen(): Promise<void> {
    const stopped = new Set<number>();
    const cancels = [...open].map(async (member) => {
      try {
        await getExternalWorkflowHandle(idOf(member)).cancel();
      } catch {
        stopped.add(member);
      }
    });
    await Promise.all(cancels);
    const reported = (member: number): boolean => reports.some(([seat]) => seat.member === member);
    await condition(() => [...open].every((member) => stopped.has(member) || reported(member)), cancelWaitMs);
  }
}
