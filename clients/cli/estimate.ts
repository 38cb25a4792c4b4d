/** What a matrix would cost, before it runs: calls from the programs' headers, cost from the drivers' prices. */
import { isSimulated, simulatedPrice } from '../../workers/config/simulated-models.ts';
import type { Config } from '../../workers/config/schema.ts';
import type { LocalContext } from './command.ts';
import { UsageError } from './errors.ts';

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
    const price = priceOf(config, driver);
    return sum + (queries * perQuery * (typical.in * price.in + typical.out * price.out)) / 1e6;
  }, 0);
  const executions = queries * systems.length * drivers.length * repeats;
  const llmCalls = Math.round(queries * perQuery * drivers.length);
  output.print(
    `${queries} queries x ${systems.length} systems x ${drivers.length} drivers x ${repeats} = ${executions} executions, about ${llmCalls} LLM calls, about $${costUsd.toFixed(2)}`,
  );
  return { queries, executions, llmCalls, costUsd };
}

/** A dry run has no stack, which brings the simulated models. Throws for a model that no run would find. */
function priceOf({ models }: Config, driver: string): { readonly in: number; readonly out: number } {
  const model = models[driver];
  if (model) return model.priceUsdPerMTok;
  if (isSimulated(driver)) return simulatedPrice;
  const known = [...Object.keys(models), 'sim-driver'].join(', ');
  throw new UsageError(`--driver ${driver}: there is no such model; there are ${known}`);
}
