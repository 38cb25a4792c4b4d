/** Memory outside of a child's heap, which no flag of Node bounds, ends the child and not the host. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { killAboveMemory } from '../../../clients/cli/kill-above-memory.ts';

const megabyte = 1024 ** 2;

function grow(toMb: number) {
  const code = `const kept = [];
    const timer = setInterval(() => {
      kept.push(Buffer.alloc(20 * 1024 ** 2, 1));
      if (kept.length * 20 >= ${toMb}) { clearInterval(timer); console.log('done'); setTimeout(() => {}, 500); }
    }, 25);`;
  return spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
}

it.each([
  ['is killed above its bound', 4_000, 'SIGKILL'],
  ['ends by itself below it', 100, null],
])('a child %s', async (_name, toMb, expected) => {
  const child = grow(toMb);
  const watch = killAboveMemory(child, 400 * megabyte);
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  watch.end();
  expect(signal).toBe(expected);
});
