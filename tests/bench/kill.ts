/**
 * A worker is killed (SIGKILL) before and after every write of a run, in both modes, and the run resumed in another process.
 * Prints the table of what came of it; the metrics are counts, not times.
 */
import { openDatabase } from '../../activities/storage/database.ts';
import { loadConfig } from '../../workers/config/load.ts';
import { startFakeOpenAi } from '../support/fake-openai.ts';
import { killAtEveryWrite, type KillRow, killTable } from '../support/kill/kill-points.ts';
import type { BenchResult } from './main.ts';
import { withBenchStack } from './support/bench-stack.ts';

export default function benchKill(note: (text: string) => void): Promise<BenchResult> {
  return withBenchStack({ worker: false, note }, async ({ home, processEnv }) => {
    const { databaseUrl = '' } = await loadConfig({ env: processEnv });
    await using llm = await startFakeOpenAi();
    const database = openDatabase(databaseUrl);
    try {
      const options = { store: { databaseUrl, home }, database, llm, note };
      const rows = [
        ...(await killAtEveryWrite('bulk', options)),
        ...(await killAtEveryWrite('durable', options)),
      ].filter(({ died }) => died);
      note(killTable(rows));
      const sum = (pick: (row: KillRow) => number): number =>
        rows.reduce((total, row) => total + pick(row), 0);
      return {
        metrics: {
          kills: rows.length,
          sameAnswers: sum(({ sameAnswer }) => (sameAnswer ? 1 : 0)),
          finishedCalls: sum(({ finished }) => finished),
          finishedCallsRepeated: sum(({ finishedAgain }) => finishedAgain),
          callsInFlightRepeated: sum(({ inFlightAgain }) => inFlightAgain),
          divergences: sum(({ divergences }) => divergences),
        },
        ratios: {},
      };
    } finally {
      await database.destroy();
    }
  });
}
