/** A plan's size and cost, from the programs' headers and the drivers' prices. */
import { expect, it } from 'vitest';
import { estimate } from '../../../clients/cli/estimate.ts';
import type { LocalContext } from '../../../clients/cli/command.ts';
import { configSchema } from '../../../workers/config/schema.ts';

const model = { baseUrl: 'http://localhost:1/v1', model: 'm', priceUsdPerMTok: { in: 1, cached: 1, out: 2 } };
const config = configSchema.parse({ models: { paid: model, free: { baseUrl: model.baseUrl, model: 'm' } } });

it('multiplies queries, systems, drivers and repeats; a free driver costs nothing', () => {
  const printed: string[] = [];
  const output = { print: (text: string) => void printed.push(text) } as unknown as LocalContext['output'];
  const systems = [
    { calls: { min: 1, max: 1 }, extra: 0 },
    { calls: { min: 3, max: 7 }, extra: 1 },
  ];
  const matrix = { queries: 10, systems, drivers: ['paid', 'free'], repeats: 2 };
  const result = estimate({ config, output }, matrix);
  expect(result).toMatchObject({ queries: 10, executions: 80, llmCalls: 280 });
  // 140 calls of 600 tokens in and 200 out at 1 and 2 dollars per million.
  expect(result.costUsd).toBeCloseTo(0.14, 10);
  expect(printed[0]).toContain('80 executions, about 280 LLM calls, about $0.14');
  expect(() => estimate({ config, output }, { ...matrix, drivers: ['nobody'] })).toThrow(/--driver nobody/);
});
