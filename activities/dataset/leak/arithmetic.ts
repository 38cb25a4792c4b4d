/** The value of a sum of plain numbers: "6 * 7", "(40 + 2) / 2", "2^10". Bounded; undefined when it is none, or a date or range. */

const token = /\s*(\*\*|\\times|\\cdot|\\div|[-+*/^()×÷·−]|(?:\d[\d,]*\.?\d*|\.\d+))/y;
const sameAs: Readonly<Record<string, string>> = {
  '**': '^',
  '×': '*',
  '·': '*',
  '÷': '/',
  '−': '-',
  '\\times': '*',
  '\\cdot': '*',
  '\\div': '/',
};
const maxChars = 200;

export function valueOf(written: string): number | undefined {
  const text = written.trim();
  if (text.length > maxChars || isDateOrRange(text)) return undefined;
  const tokens = tokensOf(text);
  if (!tokens) return undefined;
  const parser = { tokens, at: 0 };
  const value = sum(parser);
  return parser.at === tokens.length && value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** "2024-01-15", "3-5": what stands between two numbers without spaces is more often a dash than a minus. */
function isDateOrRange(text: string): boolean {
  return /^\d+(?:[-−]\d+)+$/.test(text) || /^\d+\/\d+\/\d+$/.test(text);
}

function tokensOf(text: string): string[] | undefined {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const found = token.exec(text)?.[1];
    if (found === undefined) return undefined;
    tokens.push(sameAs[found] ?? found);
  }
  return tokens;
}

interface Parser {
  readonly tokens: readonly string[];
  at: number;
}

function sum(parser: Parser): number | undefined {
  return chain(parser, product, { '+': (a, b) => a + b, '-': (a, b) => a - b });
}

function product(parser: Parser): number | undefined {
  return chain(parser, power, { '*': (a, b) => a * b, '/': (a, b) => a / b });
}

function chain(
  parser: Parser,
  next: (parser: Parser) => number | undefined,
  operators: Readonly<Record<string, (a: number, b: number) => number>>,
): number | undefined {
  let value = next(parser);
  for (;;) {
    const apply = operators[parser.tokens[parser.at] ?? ''];
    if (!apply || value === undefined) return value;
    parser.at += 1;
    const right = next(parser);
    if (right === undefined) return undefined;
    value = apply(value, right);
  }
}

function power(parser: Parser): number | undefined {
  const base = atom(parser);
  if (parser.tokens[parser.at] !== '^' || base === undefined) return base;
  parser.at += 1;
  const exponent = power(parser);
  return exponent === undefined ? undefined : base ** exponent;
}

function atom(parser: Parser): number | undefined {
  const found = parser.tokens[parser.at];
  parser.at += 1;
  if (found === '-' || found === '+') {
    const value = atom(parser);
    return value === undefined || found === '+' ? value : -value;
  }
  if (found === '(') {
    const value = sum(parser);
    if (parser.tokens[parser.at] !== ')') return undefined;
    parser.at += 1;
    return value;
  }
  const value = Number(found?.replaceAll(',', '') ?? Number.NaN);
  return Number.isNaN(value) ? undefined : value;
}
