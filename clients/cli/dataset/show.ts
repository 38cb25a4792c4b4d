/** `masgpt dataset show POOL [QUERY]`: a pool's report, or one query with what was found about it. */
import { defineCommand } from 'citty';
import type { PoolReport } from '../../../activities/dataset/query-pool/pool-report.ts';
import type { Query } from '../../../workflows/shared/query.ts';
import { commonArgs, runCommand } from '../command.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import type { Output } from '../output.ts';
import { type OpenPool, openPool, poolArg, poolReference, queriesOf } from './pool-reference.ts';
import { cellOf, countsTable } from './pool-tables.ts';

const maxShown = 10;

export default defineCommand({
  meta: { name: 'show', description: "A query pool's report, or one query" },
  args: {
    ...commonArgs,
    pool: poolArg,
    query: { type: 'positional', description: 'The first digits of the id of a query', required: false },
  },
  run: ({ args }) => {
    const reference = poolReference(args.pool);
    const id = args.query;
    if (id !== undefined && !/^[0-9a-f]{4,32}$/.test(id))
      throw new UsageError(`${id}: 4 to 32 hexadecimal digits of a query's id are expected`);
    return runCommand(args, async (context) => {
      const open = await openPool(context, reference);
      if (id !== undefined) return showQuery(context.output, open, id);
      showReport(context.output, open);
      const { name, version, createdAt } = open.pool;
      return { name, version, createdAt, report: open.report };
    });
  },
});

function showReport(output: Output, { pool, report }: OpenPool): void {
  const { settings, inputs, against, heldOut } = report;
  output.print(
    `${pool.name}@${pool.version.slice(0, 12)}: ${pool.queries} queries, imported ${pool.createdAt.toISOString()}`,
  );
  const named = (given: PoolReport['inputs']): string =>
    given.map(({ source, queries }) => `${source} (${queries.count})`).join(', ') || 'none';
  output.print(`from ${named(inputs)}; against ${named(against)}; seed ${settings.seed}`);
  if (heldOut)
    output.print(
      `held out: ${heldOut.source}, ${heldOut.queries.count} queries, sha256 ${heldOut.queries.sha256}`,
    );
  output.print(countsTable(report));
  list(output, 'conflicts', report.conflicts, (group) =>
    group
      .map(({ id, source, gold }) => `${source} ${id.slice(0, 12)} says ${cellOf(gold) || 'nothing'}`)
      .join(', '),
  );
  list(
    output,
    'near-duplicates',
    report.nearDuplicates,
    ({ id, source, of, jaccard, sameGold }) =>
      `${source} ${id.slice(0, 12)} is ${percent(jaccard)} like ${of.slice(0, 12)}${sameGold === false ? ', with another gold' : ''}`,
  );
  list(
    output,
    'contaminated',
    report.contaminated,
    ({ id, source, pairs, listed: [first] }) =>
      `${source} ${id.slice(0, 12)} stands in ${first?.set} ${first?.id.slice(0, 12)} (${first?.rule}, ${percent(first?.overlap ?? 0)})${pairs > 1 ? ` and ${pairs - 1} more` : ''}`,
  );
}

function list<T>(output: Output, title: string, entries: readonly T[], lineOf: (entry: T) => string): void {
  if (entries.length === 0) return;
  output.print(`${title}: ${entries.length}`);
  for (const entry of entries.slice(0, maxShown)) output.print(`  ${lineOf(entry)}`);
  if (entries.length > maxShown) output.print(`  and ${entries.length - maxShown} more: --json lists all`);
}

async function showQuery(output: Output, { pool, report, blobs }: OpenPool, prefix: string) {
  const places = [
    ['pool', report.queries],
    ['others', report.others],
    ...(report.heldOut ? ([['heldOut', report.heldOut.queries]] as const) : []),
  ] as const;
  const found = new Map<string, { query: Query; place: (typeof places)[number][0] }>();
  for (const [place, blob] of places)
    for (const query of await queriesOf(blobs, blob))
      if (query.id.startsWith(prefix) && !found.has(query.id)) found.set(query.id, { query, place });
  const [first, ...more] = found.values();
  if (!first)
    throw new CommandFailed(`no query ${prefix} in ${pool.name}`, {
      remedy: 'queries that were not sampled are kept only in the imported files',
    });
  if (more.length > 0)
    throw new CommandFailed(
      `${more.length + 1} queries of ${pool.name} begin with ${prefix}: give more digits`,
    );
  const { query, place } = first;
  const findings = findingsAbout(report, query.id);
  const { id, text, gold, ...fields } = query;
  output.print(`${id} (${placeTexts[place]})`);
  for (const [field, value] of Object.entries(fields)) output.print(`${field}: ${cellOf(String(value))}`);
  // Indented, so that no line of a foreign text looks like one of ours.
  output.print(indented(text));
  output.print(`gold: ${indented(JSON.stringify(gold, null, 2)).trimStart()}`);
  if (Object.keys(findings).length > 0)
    output.print(`found: ${indented(JSON.stringify(findings, null, 2)).trimStart()}`);
  return { query, place, findings };
}

const placeTexts = {
  pool: 'in the pool',
  others: 'not in the pool: dropped, or of an evaluation set',
  heldOut: 'held out',
} as const;

function findingsAbout(
  report: PoolReport,
  id: string,
): Partial<Pick<PoolReport, 'conflicts' | 'duplicates' | 'nearDuplicates' | 'contaminated'>> {
  const of = {
    conflicts: report.conflicts.filter((group) => group.some((one) => one.id === id)),
    duplicates: report.duplicates.filter((one) => one.id === id || one.of === id),
    nearDuplicates: report.nearDuplicates.filter((one) => one.id === id || one.of === id),
    contaminated: report.contaminated.filter(
      (one) => one.id === id || one.listed.some((pair) => pair.id === id),
    ),
  };
  return Object.fromEntries(Object.entries(of).filter(([, entries]) => entries.length > 0));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function indented(text: string): string {
  return text.replace(/\r\n?|[\u2028\u2029\u0085\v\f]/g, '\n').replace(/^/gm, '  ');
}
