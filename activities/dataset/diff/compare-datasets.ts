/** What two datasets differ in: rows by query, then settings, sources and models. Pure. */
import { canonicalJson } from '../../storage/canonical-json.ts';
import { countBy } from '../export/card-table.ts';
import type { Manifest } from '../export/manifest.ts';
import type { Provenance } from '../export/provenance.ts';

export interface DatasetFiles {
  readonly manifest: Manifest;
  readonly rows: readonly Provenance[];
}

export interface RowDifference {
  readonly rows: number;
  /** Rows by group of the selection (of B where both have one). */
  readonly groups: Readonly<Record<string, number>>;
  /** Ids of the first ones, in order. */
  readonly queries: readonly string[];
}

export interface Change {
  /** `switches.adaptation`; `gsm8k (MIT)`; `driver`. */
  readonly what: string;
  /** Null where one has nothing of the kind. */
  readonly a: string | null;
  readonly b: string | null;
}

export interface DatasetDiff {
  readonly a: { readonly name: string; readonly rows: number };
  readonly b: { readonly name: string; readonly rows: number };
  /** In both, with the same program and the same reasoning. */
  readonly same: number;
  readonly onlyInA: RowDifference;
  readonly onlyInB: RowDifference;
  readonly otherProgram: RowDifference;
  /** Of these, rows whose base program is another, too: the selection differs, not the adaptation alone. */
  readonly otherBase: RowDifference;
  /** The same program with another reasoning. */
  readonly otherReasoning: RowDifference;
  /** In another split: what one of them trains on, the other may measure with. */
  readonly otherSplit: RowDifference;
  readonly settings: readonly Change[];
  readonly sources: readonly Change[];
  readonly models: readonly Change[];
  readonly prompts: readonly Change[];
}

const maxListed = 100;

export function compareDatasets(a: DatasetFiles, b: DatasetFiles): DatasetDiff {
  const inA = new Map(a.rows.map((row) => [row.query_id, row]));
  const inB = new Map(b.rows.map((row) => [row.query_id, row]));
  const both = [...inB.values()].flatMap((row) => {
    const other = inA.get(row.query_id);
    return other ? [{ row, other }] : [];
  });
  const differing = (differ: (row: Provenance, other: Provenance) => boolean): RowDifference =>
    difference(both.flatMap(({ row, other }) => (differ(row, other) ? [row] : [])));
  const program = (row: Provenance, other: Provenance): boolean =>
    row.program_sha256 !== other.program_sha256;
  const reasoning = (row: Provenance, other: Provenance): boolean =>
    row.reasoning_sha256 !== other.reasoning_sha256;
  return {
    a: { name: a.manifest.name, rows: inA.size },
    b: { name: b.manifest.name, rows: inB.size },
    same: both.filter(({ row, other }) => !program(row, other) && !reasoning(row, other)).length,
    onlyInA: difference([...inA.values()].filter(({ query_id }) => !inB.has(query_id))),
    onlyInB: difference([...inB.values()].filter(({ query_id }) => !inA.has(query_id))),
    otherProgram: differing(program),
    otherBase: differing((row, other) => program(row, other) && row.base_sha256 !== other.base_sha256),
    otherReasoning: differing((row, other) => !program(row, other) && reasoning(row, other)),
    otherSplit: differing((row, other) => row.split !== other.split),
    settings: changes(flat(a.manifest.settings), flat(b.manifest.settings)),
    sources: changes(sourcesOf(a.manifest), sourcesOf(b.manifest)),
    models: changes(modelsOf(a.manifest), modelsOf(b.manifest)),
    prompts: changes(
      new Map(Object.entries(a.manifest.prompts)),
      new Map(Object.entries(b.manifest.prompts)),
    ),
  };
}

function difference(rows: readonly Provenance[]): RowDifference {
  const ids = rows.map(({ query_id }) => query_id).toSorted();
  return {
    rows: rows.length,
    groups: Object.fromEntries(countBy(rows.map(({ group }) => group))),
    queries: ids.slice(0, maxListed),
  };
}

function changes(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): Change[] {
  const names = [...new Set([...a.keys(), ...b.keys()])].toSorted();
  return names.flatMap((what) => {
    const [before, after] = [a.get(what) ?? null, b.get(what) ?? null];
    return before === after ? [] : [{ what, a: before, b: after }];
  });
}

/** Leaves by path; a list is a leaf. */
function flat(settings: Readonly<Record<string, unknown>>, path = ''): Map<string, string> {
  const leaves = new Map<string, string>();
  for (const [name, value] of Object.entries(settings)) {
    const isBranch = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isBranch) leaves.set(`${path}${name}`, canonicalJson(value));
    else
      for (const [leaf, text] of flat(value as Record<string, unknown>, `${path}${name}.`))
        leaves.set(leaf, text);
  }
  return leaves;
}

function sourcesOf({ sources }: Manifest): Map<string, string> {
  return new Map(
    sources.map(({ source, licence, queries }) => [
      `${source} (${licence || 'not stated'})`,
      `${queries} queries`,
    ]),
  );
}

function modelsOf({ models }: Manifest): Map<string, string> {
  return new Map(models.map(({ role, model, revision }) => [role, `${model} at ${revision}`]));
}
