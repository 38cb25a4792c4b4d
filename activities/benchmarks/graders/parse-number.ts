/**
 * Numbers as people and models write them: thousands separators, percent, fractions, mixed fractions, powers, scientific
 * notation in plain text, Unicode and LaTeX, magnitude words, currencies. Exponents of units and ordinals are no numbers.
 */
export interface FoundNumber {
  readonly value: number;
  /** As written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Digits of a plain integer, for exact comparison beyond 2^53. */
  readonly integer?: bigint;
  readonly percent: boolean;
  /** It carries a power of ten of its own. */
  readonly scientific: boolean;
}

const plain = String.raw`(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+`;
const sign = String.raw`(?:(?<=^|[={(]\s?)[-+]\s?|(?<![\w.)\]}])[-+])?`;
const power = String.raw`(?:\^|\*\*)\s?(?:\{\s?(?<EXP>[-+]?\d{1,4})\s?\}|\(\s?(?<EXP>[-+]?\d{1,4})\s?\)|(?<EXP>[-+]?\d{1,4}))`;
const named = (pattern: string, name: string): string => {
  let count = 0;
  return pattern.replaceAll('<EXP>', () => `<${name}${(count += 1)}>`);
};
const pattern = new RegExp(
  [
    String.raw`(?<![A-Za-z_\\\d^]|[\d]\.|[_^]\{[-+]?|[_^][-+])(?<sign1>${sign})(?<currency>[$€£¥]\s?)?(?<sign2>[-+](?=[\d.]))?`,
    '(?:',
    String.raw`(?:(?<whole1>\d+)\s?)?\\frac\s?\{\s?(?<num1>${plain})\s?\}\s?\{\s?(?<den1>${plain})\s?\}`,
    String.raw`|\\frac\s?(?<num2>\d)\s?(?<den2>\d)`,
    String.raw`|(?:(?<whole2>\d+)\s)?(?<num3>${plain})\s?[/⁄]\s?(?<den3>\d+(?:\.\d+)?)(?![\d/])`,
    String.raw`|(?<base>${plain})(?:[eE](?<exp>[-+]?\d{1,4})(?!\w)|\s?(?:\\times|\\cdot|[x×·•*])\s?10\s?${named(power, 'sci')}|\s?${named(power, 'pow')})?`,
    ')',
    String.raw`(?!\d|\.\d|,\d{3}(?!\d)|(?:st|nd|rd|th)\b|\s?(?:\\pi|\\sqrt|π|√))`,
    String.raw`(?<percent>\s?%|\s(?:percent|per\scent)\b)?(?:\s?(?<magnitude>thousand|million|billion|trillion)\b|(?<letter>[kKMB])\b)?`,
  ].join(''),
  'gu',
);
const magnitudes: Readonly<Record<string, number>> = {
  thousand: 1e3,
  million: 1e6,
  billion: 1e9,
  trillion: 1e12,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  B: 1e9,
};

/** All numbers of a text, in order. `start` and `end` count in `normaliseMath(text)`. */
export function numbersIn(text: string): readonly FoundNumber[] {
  return [...normaliseMath(text).matchAll(pattern)]
    .map(toNumber)
    .filter((found) => Number.isFinite(found.value));
}

function toNumber(match: RegExpExecArray): FoundNumber {
  const groups = match.groups ?? {};
  const negative = [groups['sign1'], groups['sign2']].some((part) => part?.startsWith('-'));
  const scientific = groups['exp'] ?? groups['sci1'] ?? groups['sci2'] ?? groups['sci3'];
  const raised = groups['pow1'] ?? groups['pow2'] ?? groups['pow3'];
  const letter = groups['currency'] ? groups['letter'] : undefined;
  const scale = magnitudes[groups['magnitude'] ?? letter ?? ''] ?? 1;
  const base = groups['base']?.replaceAll(',', '');
  let value: number;
  if (base === undefined) value = fraction(groups);
  else if (scientific !== undefined) value = Number(`${base}e${scientific}`);
  else value = raised === undefined ? Number(base) : Number(base) ** Number(raised);
  const isInteger =
    base !== undefined && /^\d+$/.test(base) && !scientific && raised === undefined && scale === 1;
  return {
    value: (negative ? -value : value) * scale,
    text: match[0].trim(),
    start: match.index,
    end: match.index + match[0].length,
    ...(isInteger ? { integer: negative ? -BigInt(base) : BigInt(base) } : {}),
    percent: groups['percent'] !== undefined,
    scientific: scientific !== undefined || (raised !== undefined && Number(base) === 10),
  };
}

function fraction(groups: Record<string, string | undefined>): number {
  const part = (...names: string[]): string | undefined =>
    names.map((name) => groups[name]).find((text) => text !== undefined);
  const numerator = Number((part('num1', 'num2', 'num3') ?? '').replaceAll(',', ''));
  const denominator = Number((part('den1', 'den2', 'den3') ?? '').replaceAll(',', ''));
  return Number(part('whole1', 'whole2') ?? 0) + numerator / denominator;
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const vulgar = /[¼-¾⅐-⅞]/g;

/** One spelling for what Unicode and LaTeX spell in many ways; linear, idempotent. */
export function normaliseMath(text: string): string {
  return text
    .replace(/[⁺⁻]?[⁰¹²³⁴-⁹]+/g, (run) => `^{${[...run].map(plainDigit).join('')}}`)
    .replace(vulgar, (char) => ` ${char.normalize('NFKC')}`)
    .replace(/(?<=\d)(?:[\u00a0\u202f\u2009'’]|\\[,:; ]|\{,\}|,\\!)(?=\d{3}(?!\d))/g, ',')
    .normalize('NFKC')
    .replace(/[−–‒﹣]/g, '-')
    .replace(/\\([$%#&_])/g, '$1')
    .replace(/\\[dtc]frac/g, '\\frac')
    .replace(/\\(?:left|right|displaystyle|!|,|;|:| )|~/g, ' ')
    .replace(/\\(?:text|mathrm|textbf|mathbf|mbox|operatorname)\s?\{([^{}]*)\}/g, ' $1 ')
    .replace(/(?<![\d)}])\*\*|\*\*(?![-+(\d])/g, ' ')
    .replace(/[^\S\n]+/g, ' ');
}

function plainDigit(char: string): string {
  if (char === '⁻') return '-';
  return char === '⁺' ? '' : String(superscripts.indexOf(char));
}
