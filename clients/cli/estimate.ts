/** What a matrix would cost, before it runs: calls from the programs' headers, cost from the drivers' prices. */
import type { LocalContext } from './command.ts';

/** Tokens of a typical agent call, in and out. */
const typical = { in: 600, out: 200 } as const;

export interface Estimate {
  readonly queries: number;
  readonly executions: number;
  readonly llmCalls: number;
  readonly costUsd: number;
}

export function estimate(
  { config, output }: Pick<LocalContext, 'config' | 'output'>,
  matrix: {
    readonly queries: number;
    /** `extra`: calls per execution that are not the program's own. */
    readonly systems: readonly {
      readonly calls: { readonly min: number; readonly max: number };
      readonly extra: number;
    }[];
    readonly drivers: readonly string[];
    readonly repeats: number;
  },
): Estimate {
  const { queries, systems, drivers, repeats } = matrix;
  const perQuery =
    systems.reduce((sum, { calls, extra }) => sum + (calls.min + calls.max) / 2 + extra, 0) * repeats;
  const costUsd = drivers.reduce((sum, driver) => {
    const price = config.models[driver]?.priceUsdPerMTok ?? { in: 0, out: 0 };
    return sum + (queries * perQuery * (typical.in * price.in + typical.out * price.out)) / 1e6;
  }, 0);
  const executions = queries * systems.length * drivers.length * repeats;
  const llmCalls = Math.round(queries * perQuery * drivers.length);
  output.print(
    `${queries} queries x ${systems.length} systems x ${drivers.length} drivers x ${repeats} = ${executions} executions, about ${llmCalls} LLM calls, about $${costUsd.toFixed(2)}`,
  );
  return { queries, executions, llmCalls, costUsd };
}
