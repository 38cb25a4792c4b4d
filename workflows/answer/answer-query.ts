/**
 * answerQuery: the generator writes a MAS for one query (or a pool program is named), the MAS runs, the answer comes back. A
 * step of the ladder that fails hands on to the next, and the result says why. A spent budget ends it with a named reason.
 */
import { ApplicationFailure, continueAsNew, proxyLocalActivities } from '@temporalio/workflow';
import { createProgress } from '../shared/progress.ts';
import type { ResolvedRun } from '../shared/run-input.ts';
import { withRun } from '../shared/with-run.ts';
import { type AgentRows, createAgents } from './agents.ts';
import { type AnswerActivities, answerLocalOptions, type AnswerPlan, type AnswerResult } from './contract.ts';
import { driveProgram } from './drive-program.ts';
import {
  emptyLadder,
  firstRung,
  type Ladder,
  nextRung,
  type Reason,
  reasonOf,
  type Rung,
  skip,
} from './ladder.ts';

/** State across continue-as-new; programs and calls are in the journal. */
interface Carried {
  readonly v: 2;
  readonly resolved: ResolvedRun<AnswerPlan>;
  readonly ladder: Ladder;
  readonly agents: AgentRows;
}

/** Without repairs there was one generation at most. */
interface CarriedV1 extends Omit<Carried, 'v' | 'ladder'> {
  readonly v: 1;
  readonly ladder: Omit<Ladder, 'generations'> & { readonly generation: string | null };
}

const { concludeAnswer } = proxyLocalActivities<AnswerActivities>(answerLocalOptions);

export async function answerQuery(input: unknown, carried?: Carried | CarriedV1): Promise<AnswerResult> {
  const options = {
    kind: 'answer',
    input,
    resolve: 'resolveAnswerInput',
    resolved: carried?.resolved,
    failed: ({ status, skipped }: AnswerResult) => (status === 'failed' ? (skipped.at(-1) ?? null) : null),
  } as const;
  return await withRun<AnswerPlan, AnswerResult>(options, (run) =>
    answer(input, run, carried && upcast(carried)),
  );
}

function upcast(carried: Carried | CarriedV1): Carried {
  if (carried.v === 2) return carried;
  const { generation, ...ladder } = carried.ladder;
  return { ...carried, v: 2, ladder: { ...ladder, generations: generation === null ? [] : [generation] } };
}

async function answer(
  input: unknown,
  run: ResolvedRun<AnswerPlan>,
  carried: Carried | undefined,
): Promise<AnswerResult> {
  const plan = run.input;
  const agents = createAgents(carried?.agents);
  const ladder: Ladder = carried?.ladder ?? emptyLadder();
  const starting = { stage: 'starting', done: agents.done(), failed: ladder.skipped.length, total: 0 };
  const publish = createProgress({ state: 'running', ...starting, simulated: plan.simulated }, run.rules);
  const show = (): void => {
    const { rung } = ladder;
    publish({
      stage: rung ? `${rung.step} program ${rung.program.id}` : 'writing the program',
      done: agents.done(),
      failed: ladder.skipped.length,
      usage: agents.usage(),
      details: agents.markdown(),
      agents: agents.view(),
    });
  };
  let answered = false;
  if (!ladder.rung && !plan.chosen) show();
  ladder.rung ??= await firstRung(run, ladder);
  for (let rung: Rung | null = ladder.rung; rung !== null;) {
    ladder.rung = rung;
    agents.begin(rung.step);
    show();
    const { query, driver, revision, limits, seed } = plan;
    const common = { run: run.run, tenant: run.tenant, query, driver, revision, limits, seed };
    const end = await driveProgram({
      input: { ...common, program: rung.program },
      startedAtMs: rung.startedAtMs,
      agents,
      rules: run.rules ?? 1,
      onChange: show,
      onExecution: (key) => void (ladder.executions.includes(key) || ladder.executions.push(key)),
    }).catch((thrown: unknown) => {
      const refused = refusalOf(thrown);
      if (!refused) throw thrown;
      return { state: 'refused', ...refused } as const;
    });
    if (end === 'continue') {
      const next: Carried = { v: 2, resolved: run, ladder, agents: agents.rows };
      return await continueAsNew<typeof answerQuery>(input, next);
    }
    if (end.state === 'outage') throw outage(plan);
    if (end.state === 'answered') answered = true;
    else skip(ladder, rung.step, end);
    if (answered || (end.state === 'refused' && end.kind === 'Budget.Exceeded')) break;
    rung = await nextRung(run, ladder, rung, { repairable: end.state === 'failed' });
  }

  const { step, program } = ladder.rung;
  const { executions, generations, skipped } = ladder;
  const conclusion = await concludeAnswer({ driver: plan.driver, generations, executions, answered });
  const status = answered ? 'answered' : 'failed';
  const cause = skipped.at(-1)?.kind;
  publish({ state: status, stage: 'done', usage: conclusion.usage, ...(cause ? { cause } : {}) });
  return { run: run.run, status, answeredBy: step, program, skipped, ...conclusion };
}

/** A call that cannot be made for this program, while another program, or none, may be the answer. */
function refusalOf(thrown: unknown): Reason | null {
  const reason = reasonOf(thrown);
  return reason.kind === 'Budget.Exceeded' || reason.kind === 'Llm.BadRequest' ? reason : null;
}

function outage({ driver }: AnswerPlan): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'Llm.Unavailable',
    nonRetryable: true,
    message: `${driver} did not answer before the total time was up: check its server, then start the run again (nothing is lost)`,
  });
}
