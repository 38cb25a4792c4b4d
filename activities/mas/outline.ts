/**
 * A program's graph in the workflow's words: the names of its calls, and its outline. Nothing of a prompt is in either: they
 * are shown in Temporal's UI and stay in its history.
 */
import type { OutlineRow } from '../../workflows/shared/agents-view.ts';
import type { HostCall } from '../../workflows/shared/program.ts';
import type { GraphGroup, ProgramGraph } from '../sandbox/program-graph.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { createCallMatcher } from './match-calls.ts';

export interface ProgramNames {
  readonly outline: readonly OutlineRow[];
  /** Undefined for a call whose place in the program could not be told. */
  nameOf(method: HostCall['method'], site: readonly number[]): string | undefined;
}

const maxRows = 60;
const maxName = 40;

/** Reads each program once per process, as long as it is among the last ones asked for. */
export function createProgramNames(): (
  sandbox: Sandbox,
  sha256: string,
  source: string,
) => Promise<ProgramNames> {
  const known = new Map<string, Promise<ProgramNames>>();
  return (sandbox, sha256, source) => {
    const found = known.get(sha256) ?? readNames(sandbox, source);
    known.delete(sha256);
    known.set(sha256, found);
    for (const key of known.keys()) {
      if (known.size <= maxKnown) break;
      known.delete(key);
    }
    return found;
  };
}

const maxKnown = 200;

/** A program that cannot be read runs nameless. */
async function readNames(sandbox: Sandbox, source: string): Promise<ProgramNames> {
  const graph = await sandbox.read(source).then(
    (reading) => reading.graph,
    () => null,
  );
  if (graph === null) return { outline: [], nameOf: () => undefined };
  const match = createCallMatcher(graph);
  return {
    outline: outlineOf(graph),
    nameOf: (method, site) => match(method, site)?.name.slice(0, maxName),
  };
}

/** Nodes in the order of the graph, each loop and ensemble above its first one. */
export function outlineOf(graph: ProgramGraph): OutlineRow[] {
  const groups = new Map(graph.groups.map((group) => [group.id, group]));
  const rows: OutlineRow[] = [];
  const emitted = new Set<string>();
  const inside = (id: string | null): boolean => id === null || emitted.has(id);

  function emit(parent: string | null, depth: number): void {
    for (const node of graph.nodes) {
      const top = topGroup(node.group, parent);
      if (top === undefined) continue;
      if (top === null) rows.push({ depth, kind: node.kind, name: node.name.slice(0, maxName) });
      else if (!inside(top.id)) {
        emitted.add(top.id);
        rows.push({ depth, kind: top.kind, name: groupLabel(top).slice(0, 2 * maxName) });
        emit(top.id, depth + 1);
      }
    }
  }

  /** The group directly below `parent` that holds this one; null for `parent` itself, undefined when it is elsewhere. */
  function topGroup(id: string | null, parent: string | null): GraphGroup | null | undefined {
    if (id === parent) return null;
    let group = id === null ? undefined : groups.get(id);
    while (group && group.parent !== parent)
      group = group.parent === null ? undefined : groups.get(group.parent);
    return group;
  }

  emit(null, 0);
  return rows.slice(0, maxRows);
}

/** What a loop or ensemble does, by counts and identifiers. */
export function groupLabel({ kind, recursive, count, exits, over, parallel }: GraphGroup): string {
  if (recursive) return 'recursion';
  if (kind === 'loop') {
    if (count === null) return over === '' ? 'until done' : `for each of ${over}`;
    return `${exits ? 'up to ' : ''}${count} ${count === 1 ? 'round' : 'rounds'}`;
  }
  const size = count === null ? (over === '' ? 'any number' : `one for each of ${over}`) : String(count);
  return parallel ? `${size}, side by side` : size;
}
