/** Numbers in English words: "forty-two", "one thousand and five", "minus seven", "three quarters", "half". */

const units =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const tens = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const scales: Readonly<Record<string, number>> = {
  hundred: 100,
  thousand: 1e3,
  million: 1e6,
  billion: 1e9,
};
const parts: Readonly<Record<string, number>> = {
  half: 1 / 2,
  halves: 1 / 2,
  third: 1 / 3,
  thirds: 1 / 3,
  quarter: 1 / 4,
  quarters: 1 / 4,
  fourths: 1 / 4,
  fifth: 1 / 5,
  fifths: 1 / 5,
  sixths: 1 / 6,
  eighths: 1 / 8,
  tenths: 1 / 10,
};
const small = new Map([
  ...units.map((word, value) => [word, value] as const),
  ...tens.map((word, index) => [word, 20 + 10 * index] as const),
  ['dozen', 12] as const,
]);
const words = [...small.keys(), ...Object.keys(scales)].toSorted((a, b) => b.length - a.length);
const run = new RegExp(
  String.raw`\b(?:(minus|negative)\s+)?((?:${words.join('|')})(?:(?:[-\s]+(?:and\s+)?)(?:${words.join('|')})){0,12})(?:[-\s]+(${Object.keys(parts).join('|')}))?\b|\b(half|a dozen)\b`,
  'gi',
);

interface Found {
  readonly value: number;
  readonly start: number;
  readonly end: number;
}

export function* numberWordsIn(text: string): Generator<Found> {
  for (const match of text.matchAll(run)) {
    const { 0: written, 1: sign, 2: whole, 3: part, 4: alone, index } = match;
    const value =
      alone === undefined
        ? valueOf(whole ?? '') * (parts[part?.toLowerCase() ?? ''] ?? 1) * (sign === undefined ? 1 : -1)
        : alone.toLowerCase() === 'half'
          ? 0.5
          : 12;
    yield { value, start: index, end: index + written.length };
  }
}

function valueOf(written: string): number {
  let total = 0;
  let group = 0;
  for (const word of written.toLowerCase().split(/[-\s]+/)) {
    const scale = scales[word];
    if (word === 'and') continue;
    if (scale === undefined) group += small.get(word) ?? 0;
    else if (scale === 100) group = (group || 1) * 100;
    else {
      total += (group || 1) * scale;
      group = 0;
    }
  }
  return total + group;
}
