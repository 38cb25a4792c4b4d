/** Licences as sources state them: which of several asks most of whoever uses the data. A summary for readers, no legal advice. */

export interface Licence {
  /** As hubs write it in a card: `mit`, `cc-by-nc-3.0`; `unknown` where nothing is stated, `other` for words of its own. */
  readonly hubId: string;
  /** The page of the SPDX list (spdx.org/licenses); null for a text that is no identifier of it. */
  readonly url: string | null;
  /** One sentence. */
  readonly asks: string;
  /** Higher asks more. */
  readonly rank: number;
}

/** Families, by what they ask. The first that fits counts. */
const families: readonly (readonly [pattern: RegExp, asks: string])[] = [
  [/^cc0|^unlicense$|^pddl|^public.domain/i, 'asks nothing'],
  [/^(mit|apache|bsd|isc|zlib|bsl)(-|$)/i, 'asks that its notice is kept'],
  [/^(cc-by|odc-by)-[\d.]+$/i, 'asks for attribution'],
  [
    /^(cc-by-sa|odbl|cdla-sharing)-[\d.]+$/i,
    'asks for attribution, and that what is made of it has the same licence',
  ],
  [/^(l?gpl|agpl)-/i, 'asks that what is made of it has the same licence'],
  [/^cc-by-nc-[\d.]+$/i, 'asks for attribution and allows no commercial use'],
  [/^cc-by-nc-sa-[\d.]+$/i, 'allows no commercial use, and what is made of it has the same licence'],
  [/^cc-by(-nc)?-nd-[\d.]+$/i, 'allows no changed versions'],
];

const unstated = 'states no licence that is known: ask its publisher';

export function licenceOf(stated: string): Licence {
  const text = stated.trim();
  const rank = families.findIndex(([pattern]) => pattern.test(text));
  const family = families[rank];
  if (!family || !/^[A-Za-z0-9.+-]{2,40}$/.test(text)) {
    const isUnstated = text === '' || text === 'as the file states';
    return { hubId: isUnstated ? 'unknown' : 'other', url: null, asks: unstated, rank: families.length };
  }
  return { hubId: text.toLowerCase(), url: `https://spdx.org/licenses/${text}`, asks: family[1], rank };
}

/** By rank, then by text; undefined for none. */
export function strictest(stated: readonly string[]): string | undefined {
  return stated.toSorted((a, b) => licenceOf(b).rank - licenceOf(a).rank || (a < b ? -1 : 1))[0];
}
