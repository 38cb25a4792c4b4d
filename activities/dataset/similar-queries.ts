/** The queries of a group that are most like one of them, by shared words (Jaccard index), and have another answer. */
import type { Gold, Query } from '../../workflows/shared/query.ts';

export interface Member {
  readonly group: string;
  readonly query: Query;
}

export interface SimilarQueries {
  /** Nearest first; ties by id. Queries whose gold is the same say nothing and are left out. */
  nearest(member: Member, count: number): readonly Query[];
}

export function createSimilarQueries(members: readonly Member[]): SimilarQueries {
  const groups = new Map<string, { readonly query: Query; readonly words: ReadonlySet<string> }[]>();
  for (const { group, query } of members) {
    const known = groups.get(group) ?? [];
    known.push({ query, words: wordsOf(query.text) });
    groups.set(group, known);
  }
  return {
    nearest({ group, query }, count) {
      const words = wordsOf(query.text);
      return (groups.get(group) ?? [])
        .filter((other) => other.query.id !== query.id && !isSameAnswer(other.query.gold, query.gold))
        .map((other) => ({ query: other.query, likeness: jaccard(words, other.words) }))
        .toSorted((a, b) => b.likeness - a.likeness || (a.query.id < b.query.id ? -1 : 1))
        .slice(0, count)
        .map((other) => other.query);
    },
  };
}

const maxWords = 400;

function wordsOf(text: string): ReadonlySet<string> {
  return new Set((text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, maxWords));
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const word of a) if (b.has(word)) common += 1;
  const union = a.size + b.size - common;
  return union === 0 ? 0 : common / union;
}

/** As far as one answer could be right for both: a letter is, whatever its options say. */
function isSameAnswer(a: Gold, b: Gold): boolean {
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'choice':
      return b.kind === 'choice' && a.letter === b.letter;
    case 'code':
      return b.kind === 'code' && a.entryPoint === b.entryPoint;
    case 'number':
    case 'latex':
    case 'text':
      return 'value' in b && plain(a.value) === plain(b.value);
    case 'none':
      return true;
  }
}

function plain(value: string): string {
  const text = value.toLowerCase().replaceAll(/[\s,$]/g, '');
  return text !== '' && Number.isFinite(Number(text)) ? String(Number(text)) : text;
}
