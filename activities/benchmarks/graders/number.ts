/** Grades numbers: strict extraction from marked answers, the last number as the flexible fallback, then the comparison. */
import type { Gold } from '../../../workflows/shared/query.ts';
import type { Verdict } from '../grading.ts';
import { markedAnswers } from './marked-answer.ts';
import { type FoundNumber, normaliseMath, numbersIn } from './parse-number.ts';
import { parseUnit, prefixRatio } from './units.ts';

type NumberGold = Extract<Gold, { kind: 'number' }>;

export const numberGrader = 'number/1';

export function gradeNumber(gold: NumberGold, answer: string, queryText: string): Verdict {
  const extraction = extractNumber(answer);
  if ('problem' in extraction) return verdict(0, null, extraction.problem);
  const target = parseGold(gold, queryText);
  if (!target) return verdict(0, extraction.text, `the gold answer "${gold.value}" is not a number`);
  const right = isEqual(extraction, target, gold.relativeTolerance);
  const shown = gold.unit ? `${gold.value.trim()} ${gold.unit.trim()}`.trim() : gold.value.trim();
  const how = extraction.flexible ? 'the last number of the text' : 'the marked answer';
  return verdict(right ? 1 : 0, extraction.text, `${how} ${right ? 'equals' : 'differs from'} ${shown}`);
}

interface Extracted extends FoundNumber {
  readonly flexible: boolean;
  /** Text after the number, where its unit stands. */
  readonly after: string;
}

export function extractNumber(answer: string): Extracted | { readonly problem: string } {
  for (const mark of markedAnswers(answer)) {
    const text = firstClause(normaliseMath(mark.text));
    const numbers = numbersIn(text);
    const chosen = afterEquals(text, numbers) ?? numbers[0];
    if (!chosen) continue;
    if (isHedged(text, numbers, chosen))
      return { problem: `several answers are given: "${text.slice(0, 80)}"` };
    return { ...chosen, flexible: false, after: text.slice(chosen.end, chosen.end + 40) };
  }
  const tail = answer.slice(-maxTail);
  const last = numbersIn(tail).at(-1);
  if (!last) return { problem: 'no number was found' };
  return { ...last, flexible: true, after: normaliseMath(tail).slice(last.end, last.end + 40) };
}

const maxTail = 16 * 1024;

/** "18 because 16 - 3 - 4 = 9 remain" ends before the reason; so does "18 dollars (2 x 9)". */
function firstClause(text: string): string {
  const end = text.search(
    /\b(?:because|since|where|which|given that|with)\b|;|\.(?!\d)|(?<=[\w%])\s\((?!\d+\))/,
  );
  return end > 0 && numbersIn(text.slice(0, end)).length > 0 ? text.slice(0, end) : text;
}

/** "5 x 3 = 15": the first number after the last sign of equality. */
function afterEquals(text: string, numbers: readonly FoundNumber[]): FoundNumber | undefined {
  const at = Math.max(...['=', '≈', '\\approx', '\\simeq'].map((equals) => text.lastIndexOf(equals)));
  return at < 0 ? undefined : numbers.find((found) => found.start > at);
}

/** "5 or 7", "between 5 and 7", "3, 4": another number of another value, with nothing but hedging in between. */
function isHedged(text: string, numbers: readonly FoundNumber[], chosen: FoundNumber): boolean {
  const next = numbers.find((found) => found.start >= chosen.end);
  if (!next || next.value === chosen.value) return false;
  const between = text.slice(chosen.end, next.start);
  if (chosen.percent !== next.percent && Math.abs(chosen.value - next.value * 100) < 1e-9) return false;
  return /^(?:\s?[A-Za-z$€£]{0,12}\s?(?:\b(?:or|and|to)\b|-)|\s?[,/]|\s?\\text\{\s?(?:or|and)\s?\})\s?$/.test(
    between,
  );
}

interface Target {
  readonly values: readonly number[];
  readonly integer?: bigint;
  /** Half a unit of the last digit that the gold shows. */
  readonly shown: number;
  readonly percent: boolean;
  readonly unit: string;
}

function parseGold(gold: NumberGold, queryText: string): Target | undefined {
  const number = numbersIn(gold.value)[0];
  if (!number) return undefined;
  const unit = parseUnit(gold.unit ?? '');
  const full = number.value * unit.factor;
  const decimals = /\.(\d+)/.exec(gold.value)?.[1]?.length ?? 0;
  // A query that names the unit asks for the number before it, so the bare number is right too.
  const asksBare = unit.factor !== 1 && queryText.includes((gold.unit ?? '').trim());
  return {
    values: asksBare ? [full, number.value] : [full],
    ...(number.integer !== undefined && unit.factor === 1 ? { integer: number.integer } : {}),
    shown: 0.5 * 10 ** -decimals * unit.factor,
    percent: number.percent || unit.text.startsWith('%'),
    unit: unit.text,
  };
}

function isEqual(found: Extracted, target: Target, relativeTolerance: number | undefined): boolean {
  const ratio = prefixRatio(found.after, target.unit);
  if (
    relativeTolerance === undefined &&
    ratio === 1 &&
    found.integer !== undefined &&
    target.integer !== undefined
  ) {
    return found.integer === target.integer;
  }
  const scaled = found.value * ratio;
  const candidates = found.percent && !target.percent ? [scaled, scaled / 100] : [scaled];
  return candidates.some((value) =>
    target.values.some((gold) => Math.abs(value - gold) <= tolerance(gold, target, relativeTolerance)),
  );
}

/** Without a tolerance: integers exactly, decimals to the digits that the gold shows and never looser than 0.5 %. */
function tolerance(gold: number, target: Target, relative: number | undefined): number {
  const rounding = 1e-12 * Math.abs(gold);
  if (relative !== undefined) return relative * Math.abs(gold) + rounding;
  if (target.integer !== undefined) return rounding;
  return Math.min(target.shown, 0.005 * Math.abs(gold)) + rounding;
}

function verdict(score: number, extracted: string | null, reason: string): Verdict {
  return { score, grader: numberGrader, extracted, reason };
}
