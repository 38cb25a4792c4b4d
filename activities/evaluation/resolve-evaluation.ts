/** The first step of evaluateBenchmarks: unknown benchmarks, programs and models end it before anything is spent. */
import { type EvaluationInput, evaluationInputSchema } from '../../workflows/evaluation/contract.ts';
import { benchmarkOf } from '../benchmarks/registry.ts';
import { failure } from '../failure.ts';
import type { CallService } from '../llm/chat.ts';
import type { Pool } from '../mas/pool.ts';
import { createResolveInput } from '../storage/resolve-input.ts';
import type { Runs } from '../storage/runs.ts';

export interface ResolveEvaluationParts {
  readonly runs: Runs;
  readonly calls: Pick<CallService, 'identity'>;
  readonly pool: () => Promise<Pool>;
}

const generatorPrefix = 'generator:';

/** The model that writes a program per query; undefined for a pool program. */
export function generatorOf(system: string): string | undefined {
  return system.startsWith(generatorPrefix) ? system.slice(generatorPrefix.length) : undefined;
}

export function createResolveEvaluation({ runs, calls, pool }: ResolveEvaluationParts) {
  return createResolveInput<EvaluationInput>({
    kind: 'evaluation',
    schema: evaluationInputSchema,
    example: { benchmarks: [{ name: 'generated-test' }], systems: ['single', 'self-consistency'] },
    runs,
    async prepare(input) {
      for (const { name, sha256 } of input.benchmarks) {
        const { importer } = benchmarkOf(name);
        if (sha256 === undefined && importer !== 'generated')
          throw failure(
            'Input.Invalid',
            `benchmarks: ${name} needs the sha256 of its imported file; \`masgpt evaluate --benchmark ${name}=FILE\` imports it`,
          );
      }
      const programs = await pool();
      for (const system of input.systems) {
        const generator = generatorOf(system);
        if (generator) await calls.identity(generator);
        else programs.get(system);
      }
      for (const driver of input.drivers) await calls.identity(driver);
      const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
      const benchmarks = new Map(
        input.benchmarks.map((given) => [`${given.name} ${given.sha256 ?? ''}`, given]),
      );
      return {
        ...input,
        benchmarks: [...benchmarks.values()],
        systems: unique(input.systems),
        drivers: unique(input.drivers),
      };
    },
  });
}
