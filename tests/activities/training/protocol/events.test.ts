/** The writer of the protocol (protocol/events.py), run by a plain Python: lines, sequence, errors, orders, stacks. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { orderDump } from '../../../../activities/training/stop.ts';
import { protocolDirectory } from '../../../../activities/training/ports.ts';
import { localAttempts, python, soon } from '../../../support/local-attempts.ts';

const execute = promisify(execFile);
let directory: string;

beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'masgpt-events-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const head = `
import os, sys, threading, time
sys.path.insert(0, ${JSON.stringify(protocolDirectory)})
from pathlib import Path
from events import Control, EventWriter
`;

async function run(program: string, env: Record<string, string> = {}) {
  const body = `${head}\ndirectory = Path(${JSON.stringify(directory)})\n${program}`;
  return execute(python, ['-c', body], { env: { PATH: '/usr/bin:/bin', ...env } }).then(
    () => 0,
    (error: { code: number }) => error.code,
  );
}

type Event = Record<string, unknown>;
const lines = async (rank = 0) =>
  (await readFile(join(directory, `events.${rank}.jsonl`), 'utf8')).split('\n').slice(0, -1);
const events = async (rank = 0) => (await lines(rank)).map((line) => JSON.parse(line) as Event);
const writer = `events = EventWriter(directory, 'training/x', 3)`;

describe('lines', () => {
  it('hold at most 4 KiB whatever they are given, and only what JSON knows', async () => {
    await run(`${writer}
events.write('log', loss=float('nan'), gradNorm=float('-inf'), other={'deep': [float('inf'), 1]}, odd=object, lone='\\udc80\\0')
events.write('error', message='m' * 9000, traceback='Traceback ' + 'begin' + 't' * 9000 + 'the cause')
events.write('wide', **{f'key{n}': 'v' * 400 for n in range(500)})
events.write('flat', many=list(range(5000)))`);
    for (const line of await lines()) expect(Buffer.byteLength(line) + 1).toBeLessThanOrEqual(4096);
    const [log, error, wide, flat] = await events();
    expect(log).toMatchObject({ v: 1, run: 'training/x', epoch: 3, rank: 0, seq: 0, phase: 'import' });
    expect(log).toMatchObject({ loss: 'nan', gradNorm: '-inf', other: { deep: ['inf', 1] }, lone: '?\0' });
    expect(error?.['traceback']).toMatch(/the cause$/);
    expect(wide).toMatchObject({ ev: 'wide', seq: 2 });
    expect(flat).toMatchObject({ seq: 3 });
  });

  it('are counted without a gap: by many threads, by a process that goes on, past a torn line; a forked child writes none', async () => {
    await run(`${writer}
threads = [threading.Thread(target=lambda: [events.write('step') for _ in range(200)]) for _ in range(8)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
if os.fork() == 0:
    events.write('child'); os._exit(0)
os.wait()
os.write(os.open(directory / 'events.0.jsonl', os.O_WRONLY | os.O_APPEND), b'{"v": 1, "seq": 99')
EventWriter(directory, 'training/x', 3).write('again')`);
    const whole = (await lines()).flatMap((line) => {
      try {
        return [JSON.parse(line) as Event];
      } catch {
        return [];
      }
    });
    expect(whole.map((event) => event['seq'])).toEqual(Array.from({ length: 1601 }, (_, seq) => seq));
    expect(whole.at(-1)?.['ev']).toBe('again');
  });

  it('are lost aloud when the disk is full, and the count has no gap when there is room again', async () => {
    await run(`import errno, resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
${writer}
events.write('first')
size = (directory / 'events.0.jsonl').stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, resource.RLIM_INFINITY))
failed = 0
for _ in range(3):
    try: events.write('lost')
    except OSError as error: failed += error.errno == errno.EFBIG
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
events.write('second', failed=failed)`);
    const [first, torn, second] = await lines();
    expect(JSON.parse(first ?? '')).toMatchObject({ ev: 'first', seq: 0 });
    expect(() => JSON.parse(torn ?? '') as unknown).toThrow();
    expect(JSON.parse(second ?? '')).toMatchObject({ ev: 'second', seq: 1, failed: 3 });
  });

  it('of each rank go to a file of their own; hello says how it really trains', async () => {
    await run(
      `events = EventWriter.of_job({'directory': str(directory), 'run': 'training/x', 'epoch': 3, 'resumeStep': 20, 'recipe': {'maxSteps': 40}}, 0.05)
events.hello({'resumeStep': 20}, 'fsdp2', 'bf16', {'torch': '2'})
time.sleep(0.3)
events.end('completed'); events.end('stopped')`,
      { RANK: '1', WORLD_SIZE: '2' },
    );
    const all = await events(1);
    expect(all[0]).toMatchObject({ ev: 'phase', edge: 'begin', rank: 1, step: 20, maxSteps: 40 });
    expect(all.find(({ ev }) => ev === 'hello')).toMatchObject({
      ...{ worldSize: 2, strategy: { kind: 'fsdp2', precision: 'bf16' }, resumeStep: 20 },
    });
    const beats = all.filter(({ ev }) => ev === 'beat');
    expect(beats.length).toBeGreaterThan(1);
    expect(beats[0]?.['rssBytes']).toBeGreaterThan(1e6);
    expect(all.filter(({ ev }) => ev === 'end')).toMatchObject([{ reason: 'completed' }]);
  });
});

describe('what ends a trainer', () => {
  it('is told before it ends: in the main thread, and of a thread that dies while the rest goes on', async () => {
    const code = await run(`${writer}
events.report_uncaught()
thread = threading.Thread(target=lambda: 1 / 0, name='loader'); thread.start(); thread.join()
raise KeyError('lr')`);
    expect(code).toBe(1);
    expect(await events()).toMatchObject([
      { ev: 'error', type: 'ZeroDivisionError', thread: 'loader' },
      {
        ev: 'error',
        type: 'KeyError',
        message: "'lr'",
        traceback: expect.stringContaining('KeyError') as string,
      },
    ]);
  });
});

describe('orders', () => {
  it.each<[string, unknown, unknown[]]>([
    ['save', { epoch: 3, seq: 1, cmd: 'save' }, ['save', null]],
    ['of another epoch', { epoch: 2, seq: 1, cmd: 'save' }, [null, null]],
    ['dump', { epoch: 3, seq: 1, cmd: 'dump' }, [null, null]],
    ['unknown', { epoch: 3, seq: 1, cmd: 'rm' }, [null, null]],
    ['no object', [1], [null, null]],
    ['a text as number', { epoch: 3, seq: 'x', cmd: 'save' }, [null, null]],
    ['half written', undefined, [null, null]],
  ])('%s', async (_, order, expected) => {
    await writeFile(
      join(directory, 'control.json'),
      order === undefined ? '{"epoch": 3,' : JSON.stringify(order),
    );
    await run(`${writer}
control = Control(directory, 3)
events.write('orders', got=[control.next(), control.next_for_all()])`);
    expect((await events())[0]?.['got']).toEqual(expected);
  });
});

it('a part names what a rank wrote, relative to the checkpoint', async () => {
  await run(
    `events = EventWriter(directory, 'training/x', 3)
events.step = 10
target = directory / 'output' / 'checkpoint-10'
(target / 'deep').mkdir(parents=True)
(target / 'deep' / 'a').write_text('12'); (target / 'b').write_text('345')
events.saved(target, since=time.monotonic())`,
    { RANK: '1', WORLD_SIZE: '2' },
  );
  const [save] = await events(1);
  expect(save).toMatchObject({
    ev: 'save',
    step: 10,
    bytes: 5,
    part: join(directory, 'output/parts/10.1.json'),
  });
  expect(JSON.parse(await readFile(save?.['part'] as string, 'utf8'))).toEqual({
    ...{ v: 1, step: 10, rank: 1, worldSize: 2 },
    files: [
      { path: 'b', size: 3 },
      { path: 'deep/a', size: 2 },
    ],
  });
});

it('the order dump leaves the stacks of a loop that hangs, and ends nobody who has no handler for it', async () => {
  await using attempts = await localAttempts();
  await attempts.start(`${head}
import subprocess
job = {'directory': os.getcwd(), 'run': 'training/shim', 'epoch': 1, 'recipe': {'maxSteps': 1}}
events = EventWriter.of_job(job)
child = subprocess.Popen(['sleep', '3600'])
def the_hanging_loop():
    open('child', 'w').write(str(child.pid))
    threading.Lock().acquire() and time.sleep(3600)
the_hanging_loop()`);
  const child = await attempts.pid('child');
  await orderDump({ root: attempts.root }, { run: 'training/shim', epoch: 1 });
  const stacks = await soon(async () => {
    const text = await readFile(attempts.layout(1).stacksOf(0), 'utf8');
    expect(text).toContain('the_hanging_loop');
    return text;
  });
  expect(stacks).toContain('in beat');
  expect(() => process.kill(child, 0)).not.toThrow();
  expect(await attempts.observe()).toEqual({ status: 'alive' });
});
