/** What a trained generator is worth, read from an evaluation's report: does its own program run, and does it fit the kind of query? */
import type { PoolProgram } from '../../activities/mas/pool.ts';
import type { ReportData } from '../../workflows/evaluation/report-data.ts';

export interface GeneratorQuality {
  /** Share of queries whose generated program ran to an answer; what the fallback answered does not count. */
  readonly executableRate: number;
  readonly n: number;
  /** By kind of query: how often a program of each form was written. */
  readonly choices: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** `kindOf`: the kind of a query by its id. A program's form is the one of `forms` with which it shares most lines. */
export function generatorQuality(
  report: ReportData,
  options: {
    readonly system: string;
    readonly forms: readonly PoolProgram[];
    readonly kindOf: (queryId: string) => string;
  },
): GeneratorQuality {
  const { system, forms, kindOf } = options;
  const items = report.items.filter((item) => item.system === system);
  const own = items.filter(({ generated }) => generated);
  const choices: Record<string, Record<string, number>> = {};
  for (const { queryId, programSha256 = '' } of own) {
    const counts = (choices[kindOf(queryId)] ??= {});
    const form = formOf(report.programs[programSha256]?.source ?? '', forms);
    counts[form] = (counts[form] ?? 0) + 1;
  }
  const executable = own.filter(({ failure }) => failure === undefined).length;
  return { executableRate: items.length === 0 ? 0 : executable / items.length, n: items.length, choices };
}

function formOf(source: string, forms: readonly PoolProgram[]): string {
  const lines = linesOf(source);
  const shared = forms.map(({ id, source: known }) => {
    const own = linesOf(known);
    const both = [...own].filter((line) => lines.has(line)).length;
    return { id, likeness: both / (own.size + lines.size - both) };
  });
  return shared.toSorted((a, b) => b.likeness - a.likeness)[0]?.id ?? '';
}

function linesOf(source: string): Set<string> {
  return new Set(
    source
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  );
}
