/**
 * A dataset is built undisturbed, and again while worker, simulator, PostgreSQL and Temporal server are killed (SIGKILL) 20 times
 * at seeded moments, each started again by the stack's own supervision: the same files, and no recorded call is paid for twice.
 * Metrics are counts; when they do not hold, the process exits with 1. `--cells=4000`: of the score matrix.
 */
import { compareBuilds, type Comparison } from '../support/disruption/compare-builds.ts';
import { disruptedRequest } from '../support/disruption/disrupted-request.ts';
import { planKills, stackParts } from '../support/disruption/plan-kills.ts';
import type { BenchOptions, BenchResult } from './main.ts';
import { round } from './support/figures.ts';

const programs = 20;
const kills = 20;
const latencyMs = 20;

export default async function benchDisruption(
  note: (text: string) => void,
  { cells: [cells = 4_000] = [] }: BenchOptions = {},
): Promise<BenchResult> {
  const request = await disruptedRequest({ cells, programs });
  const compared = await compareBuilds({
    request,
    kills: planKills({ kills, seed: cells }),
    latencyMs,
    note,
  });
  const broken = whatDoesNotHold(compared);
  for (const text of broken) note(`does not hold: ${text}`);
  if (broken.length > 0) process.exitCode = 1;

  const { undisturbed, disturbed, files, differing, otherCalls } = compared;
  const { sent } = disturbed;
  return {
    metrics: {
      cells: disturbed.result.cells,
      rows: disturbed.result.rows,
      calls: sent.calls,
      ...Object.fromEntries(
        stackParts.map((part) => [
          `killsOf${part.charAt(0).toUpperCase()}${part.slice(1)}`,
          disturbed.kills.filter((kill) => kill.part === part).length,
        ]),
      ),
      filesCompared: files.length,
      filesThatDiffer: differing.length,
      callsOfOneBuildAlone: otherCalls,
      recordedCallsRepeated: sent.recordedAgain,
      callsInFlightAtKills: sent.inFlightAtKills,
      callsInFlightRepeated: sent.inFlightAgain,
      repeatsWithoutKill: sent.unexplained,
      undisturbedSeconds: round(undisturbed.seconds),
      disturbedSeconds: round(disturbed.seconds),
    },
    ratios: { disturbedToUndisturbedSeconds: round(disturbed.seconds / undisturbed.seconds) },
  };
}

function whatDoesNotHold({ undisturbed, disturbed, differing, otherCalls }: Comparison): string[] {
  const { sent } = disturbed;
  return [
    ...differing.map((file) => `${file} differs from the undisturbed build's`),
    ...(otherCalls > 0 ? [`${otherCalls} calls were made by one build alone`] : []),
    ...(disturbed.kills.length < kills ? [`${disturbed.kills.length} of ${kills} kills were made`] : []),
    ...(sent.recordedAgain > 0 ? [`${sent.recordedAgain} recorded calls were made again`] : []),
    ...(sent.unexplained > 0 ? [`${sent.unexplained} calls were repeated, and nothing was killed`] : []),
    ...(sent.inFlightAgain > sent.inFlightAtKills ? ['more calls were repeated than were in flight'] : []),
    ...(undisturbed.sent.received > undisturbed.sent.calls ? ['the undisturbed build repeated calls'] : []),
  ];
}
