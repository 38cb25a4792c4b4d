/** What became of each generator's programs: counted from rows as real runs leave them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGenerator } from '../../../activities/mas/generate.ts';
import { readGeneratorRates } from '../../../activities/mas/generator-rates.ts';
import { createProgramRunner } from '../../../activities/mas/run-program.ts';
import { type MasParts, masParts, programOf } from '../../support/mas-parts.ts';

let parts: MasParts;
const signal = new AbortController().signal;

beforeAll(async () => {
  parts = await masParts();
});
afterAll(() => parts?.[Symbol.asyncDispose]());

const block = (body: string): string => `\`\`\`python\n${programOf(body)}\`\`\`\n`;

/** Generates, runs what was written, and repairs it with `repaired` when that failed. */
async function ask(
  text: string,
  reply: string,
  { repaired, run = true }: { repaired?: string; run?: boolean },
) {
  const generator = createGenerator(parts.services);
  const runner = createProgramRunner(parts.services);
  const query = { id: text, text };
  const spec = {
    tenant: 'default',
    namespace: 'default',
    run: 'answer/x',
    query,
    generator: 'generator',
  } as const;
  const generate = async (repair?: { generation: string; kind: string; message: string }) => {
    const written = { ...spec, callClass: 'interactive', repair } as const;
    return await generator.generate(written, { signal, wait: 'block' });
  };
  const execute = async (sha256: string) => {
    const source = await parts.services.blobs.getText(sha256);
    const program = { id: 'generated', sha256, source };
    return await runner.run({ ...parts.spec(''), query, program }, signal);
  };
  parts.llm.behave({ type: 'answer', text: reply });
  const first = await generate();
  if (first.outcome.status === 'ok' && run) await execute(first.outcome.program.sha256);
  if (repaired === undefined) return;
  parts.llm.behave({ type: 'answer', text: repaired });
  const second = await generate({ generation: first.key, kind: 'raised', message: 'it failed' });
  if (second.outcome.status === 'ok') await execute(second.outcome.program.sha256);
}

it('counts programs that ran, were repaired, failed, and were never executed', async () => {
  expect(await readGeneratorRates(parts.database)).toEqual([]);
  await ask('a', block('return "a"'), {});
  await ask('b', block('return "b"'), {});
  await ask('c', 'no program', {});
  await ask('d', block('return 1 / 0'), {});
  await ask('e', block('return None'), { repaired: block('return "e"') });
  await ask('f', block('raise KeyError("f")'), { repaired: 'still none' });
  await ask('g', block('return "g"'), { run: false });
  expect(await readGeneratorRates(parts.database)).toEqual([
    {
      ...{ generator: 'generator', revision: 'unpinned', simulated: false },
      ...{ asked: 7, written: 6, ran: 2, repaired: 1, fallback: 3, open: 1 },
      executableRate: 2 / 6,
      fallbackRate: 3 / 6,
      failures: { noProgram: 1, noAnswer: 1, raised: 2 },
    },
  ]);
});
