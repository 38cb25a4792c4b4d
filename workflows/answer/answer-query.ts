/**
 * answerQuery: the generator writes a MAS for one query (or a pool program is named), the MAS runs, the answer comes back. A
 * step of the ladder that fails hands on to the next, and the result says why. A spent budget ends it with a named reason.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  continueAsNew,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { ProgramRef } from '../shared/program.ts';
import { createProgress } from '../shared/progress.ts';
import { priorities, queuesOf } from '../shared/queues.ts';
import type { ResolvedRun } from '../shared/run-input.ts';
import { withRun } from '../shared/with-run.ts';
import { type AgentRow, createAgents } from './agents.ts';
import {
  type AnswerActivities,
  answerActivityOptions,
  answerLocalOptions,
  type AnsweredBy,
  type AnswerPlan,
  type AnswerResult,
} from './contract.ts';
import { driveProgram } from './drive-program.ts';

/** State across continue-as-new; programs and calls are in the journal. A later release adds `v: 2` and an upcaster. */
interface Carried {
  readonly v: 1;
  readonly resolved: ResolvedRun<AnswerPlan>;
  readonly ladder: Ladder;
  readonly agents: Record<string, AgentRow>;
}

interface Rung {
  readonly step: AnsweredBy;
  readonly program: ProgramRef;
  readonly startedAtMs: number;
}

interface Ladder {
  /** The program under way; null before the first one is known. */
  rung: Rung | null;
  skipped: AnswerResult['skipped'][number][];
  executions: string[];
  generation: string | null;
}

const { concludeAnswer } = proxyLocalActivities<AnswerActivities>(answerLocalOptions);

export async function answerQuery(input: unknown, carried?: Carried): Promise<AnswerResult> {
  const options = {
    kind: 'answer',
    input,
    resolve: 'resolveAnswerInput',
    resolved: carried?.resolved,
  } as const;
  return await withRun<AnswerPlan, AnswerResult>(options, (run) => answer(input, run, carried));
}

async function answer(
  input: unknown,
  run: ResolvedRun<AnswerPlan>,
  carried: Carried | undefined,
): Promise<AnswerResult> {
  const plan = run.input;
  const agents = createAgents(carried?.agents);
  const ladder: Ladder = carried?.ladder ?? { rung: null, skipped: [], executions: [], generation: null };
  const publish = createProgress({
    state: 'running',
    stage: 'starting',
    done: agents.done(),
    failed: ladder.skipped.length,
    total: 0,
    simulated: plan.simulated,
  });
  const show = (): void => {
    const { rung } = ladder;
    publish({
      stage: rung ? `${rung.step} program ${rung.program.id}` : 'writing the program',
      done: agents.done(),
      failed: ladder.skipped.length,
      usage: agents.usage(),
      details: agents.markdown(),
    });
  };
  const skip = (step: AnsweredBy, kind: string, message: string): void => {
    ladder.skipped.push({ step, kind, message });
  };

  let answered = false;
  ladder.rung ??= await firstRung(run, ladder, show, skip);
  for (let rung: Rung | null = ladder.rung; rung; rung = nextRung(plan, rung)) {
    ladder.rung = rung;
    show();
    const { query, driver, revision, limits, seed } = plan;
    const common = { run: run.run, tenant: run.tenant, query, driver, revision, limits, seed };
    const end = await driveProgram({
      input: { ...common, program: rung.program },
      startedAtMs: rung.startedAtMs,
      agents,
      onChange: show,
      onExecution: (key) => void (ladder.executions.includes(key) || ladder.executions.push(key)),
    }).catch((thrown: unknown) => {
      const refused = refusalOf(thrown);
      if (!refused) throw thrown;
      return { state: 'refused', ...refused } as const;
    });
    if (end === 'continue') {
      const next: Carried = { v: 1, resolved: run, ladder, agents: agents.rows };
      return await continueAsNew<typeof answerQuery>(input, next);
    }
    if (end.state === 'outage') throw outage(plan);
    if (end.state === 'answered') answered = true;
    else skip(rung.step, end.kind, end.message);
    if (answered || (end.state === 'refused' && end.kind === 'Budget.Exceeded')) break;
  }

  const { step, program } = ladder.rung;
  const { executions, generation, skipped } = ladder;
  const conclusion = await concludeAnswer({ driver: plan.driver, generation, executions, answered });
  const status = answered ? 'answered' : 'failed';
  const cause = skipped.at(-1)?.kind;
  publish({ state: status, stage: 'done', usage: conclusion.usage, ...(cause ? { cause } : {}) });
  return { run: run.run, status, answeredBy: step, program, skipped, ...conclusion };
}

/** The chosen program, else the generated one, else the fallback with the reason noted. */
async function firstRung(
  { run, tenant, input: plan }: ResolvedRun<AnswerPlan>,
  ladder: Ladder,
  show: () => void,
  skip: (step: AnsweredBy, kind: string, message: string) => void,
): Promise<Rung> {
  if (plan.chosen) return { step: 'chosen', program: plan.chosen, startedAtMs: Date.now() };
  show();
  if (plan.generator === null) {
    skip(
      'generated',
      'noGenerator',
      'no generator is configured: set `generator` in the config, or name one',
    );
  } else {
    const { generateProgram } = proxyActivities<AnswerActivities>({
      ...answerActivityOptions.generate,
      taskQueue: queuesOf(workflowInfo().taskQueue).llm,
      summary: `${plan.generator} writes the program`,
      priority: { priorityKey: priorities.answer, fairnessKey: run.slice(0, 64) },
    });
    try {
      const generated = await generateProgram({ run, tenant, query: plan.query, generator: plan.generator });
      ladder.generation = generated.key;
      if (generated.status === 'ok') {
        return { step: 'generated', program: generated.program, startedAtMs: Date.now() };
      }
      skip('generated', generated.kind, generated.message);
    } catch (thrown) {
      if (isCancellation(thrown)) throw thrown;
      skip('generated', ...reasonOf(thrown));
    }
  }
  return { step: 'fallback', program: plan.fallback, startedAtMs: Date.now() };
}

function nextRung(plan: AnswerPlan, rung: Rung): Rung | null {
  if (rung.step === 'fallback' || rung.program.sha256 === plan.fallback.sha256) return null;
  return { step: 'fallback', program: plan.fallback, startedAtMs: Date.now() };
}

/** A call that cannot be made for this program, while another program, or none, may be the answer. */
function refusalOf(thrown: unknown): { readonly kind: string; readonly message: string } | null {
  const [kind, message] = reasonOf(thrown);
  return kind === 'Budget.Exceeded' || kind === 'Llm.BadRequest' ? { kind, message } : null;
}

function reasonOf(thrown: unknown): [kind: string, message: string] {
  const root = thrown instanceof ActivityFailure ? thrown.cause : thrown;
  if (root instanceof ApplicationFailure) return [root.type ?? 'Error', root.message];
  if (root instanceof TimeoutFailure) return ['Llm.Timeout', 'the model did not answer in time'];
  return ['Error', String(root)];
}

function outage({ driver }: AnswerPlan): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'Llm.Unavailable',
    nonRetryable: true,
    message: `${driver} did not answer before the total time was up: check its server, then start the run again (nothing is lost)`,
  });
}
