/** Temporal and PostgreSQL die in the middle of a run, PostgreSQL again and again for 20 s: the run ends as an undisturbed one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../activities/storage/database.ts';
import { readStackFile, type StackFile } from '../../../clients/dev/stack-file.ts';
import { freshHome, masgpt, type RunningCommand, startMasgpt } from '../../support/masgpt.ts';

type Home = Awaited<ReturnType<typeof freshHome>>;

let home: Home;
let undisturbed: Home;
let dev: RunningCommand;

const evaluation = ['evaluate', '--benchmark', 'generated-test', '--limit', '60', '--json'];
const systems = ['--system', 'self-consistency,debate,self-refine,expert-panel'];

beforeAll(async () => {
  [home, undisturbed] = await Promise.all([freshHome(), freshHome()]);
  dev = startMasgpt(['dev', '--home', home.path]);
  await dev.until(/Ctrl-C stops it/);
}, 180_000);
afterAll(async () => {
  dev.kill('SIGINT');
  await dev.ended;
  await Promise.all([home, undisturbed].map((each) => each[Symbol.asyncDispose]()));
});

async function stack(): Promise<StackFile> {
  const file = await readStackFile(home.path);
  if (!file) throw new Error('the stack has gone');
  return file;
}

async function kill(part: string): Promise<void> {
  const pid = (await stack()).children[part]?.pid;
  try {
    if (pid) process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

test('an evaluation outlives both and ends with the same results', async () => {
  const running = masgpt([...evaluation, ...systems, '--home', home.path]);
  const database = openDatabase((await stack()).parts?.databaseUrl ?? '', { max: 1 });
  for (let done = 0; done < 20; await sleep(100)) {
    const { count } = await database
      .selectFrom('executions')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('status', '=', 'answered')
      .executeTakeFirstOrThrow();
    done = count;
  }
  await database.destroy();

  await kill('temporal');
  for (const until = Date.now() + 20_000; Date.now() < until; await sleep(500)) await kill('postgres');

  const { code, stdout, stderr } = await running;
  // The command itself may lose its connection; the run does not, and the same command attaches to it.
  const again = await masgpt([...evaluation, ...systems, '--home', home.path]);
  expect(again.code, `${stderr}${again.stderr}`).toBe(0);
  if (code === 0) expect(resultsOf(stdout)).toEqual(resultsOf(again.stdout));

  const calm = await masgpt([...evaluation, ...systems, '--home', undisturbed.path]);
  expect(calm.code, calm.stderr).toBe(0);
  expect(resultsOf(again.stdout)).toEqual(resultsOf(calm.stdout));
}, 400_000);

function resultsOf(stdout: string): unknown {
  return (JSON.parse(stdout) as { results: unknown }).results;
}
