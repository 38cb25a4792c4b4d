/** Units as far as grading needs them: the power of ten in SciBench's `unit` field, and SI prefixes of one base unit. */
import { normaliseMath } from './parse-number.ts';

export interface Unit {
  /** 10^n that belongs to the gold's value ("$10^{-19} \mathrm{~J}$"). */
  readonly factor: number;
  /** What is left, in one spelling. */
  readonly text: string;
}

export function parseUnit(unit: string): Unit {
  const text = normaliseMath(unit.replace(/\\(?:mathrm|text)\s?(?=\{)/g, ' '))
    .replace(/[${}]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const power = /^10\s?\^\s?([-+]?\d{1,3})\s?/.exec(text);
  return power ? { factor: Number(`1e${power[1]}`), text: text.slice(power[0].length) } : { factor: 1, text };
}

const prefixes: Readonly<Record<string, number>> = {
  f: 1e-15,
  p: 1e-12,
  n: 1e-9,
  μ: 1e-6,
  u: 1e-6,
  m: 1e-3,
  c: 1e-2,
  d: 1e-1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
};
const firstUnit =
  /^\s?(?<prefix>[fpnμumcdkMGT])?(?<base>mol|eV|Pa|Hz|bar|cal|g|m|s|J|N|C|W|V|A|K|L|F|T|Ω)(?:\s?\^\s?(?<power>[-+]?\d))?(?![A-Za-z])/u;

/**
 * What a value written before `written` is to be multiplied with, to be in `gold`: 1000 for km against m. 1 when either is
 * no prefixed SI unit or their bases differ: other units (feet, calories into joules) are compared as they stand.
 */
export function prefixRatio(written: string, gold: string): number {
  const a = firstUnit.exec(spellMicro(written))?.groups;
  const b = firstUnit.exec(spellMicro(gold))?.groups;
  if (!a || !b || a['base'] !== b['base'] || a['power'] !== b['power']) return 1;
  const ratio = (prefixes[a['prefix'] ?? ''] ?? 1) / (prefixes[b['prefix'] ?? ''] ?? 1);
  return ratio ** Number(a['power'] ?? 1);
}

function spellMicro(text: string): string {
  return text
    .replace(/\\mu\s?|µ/g, 'μ')
    .replace(/\\Omega/g, 'Ω')
    .replace(/[${}]/g, ' ')
    .replace(/\s+/g, ' ');
}
