/**
 * A number leaks by its value in any writing. Not where numbers shape a program (range(3), timeout=30, text[:500], 5 agents,
 * 100 words); numbers up to twelve in words only where they are stated as a result.
 */
import { holds } from './holds.ts';
import type { Tell } from './leaks-answer.ts';
import { type Writing, writingsIn } from './writings.ts';

/** An argument or a variable that is named for what shapes a program. */
const namedBefore =
  /\b(?:temperature|temp|timeout\w*|max_\w+|min_\w+|n_\w+|num_\w+|\w*rounds?|\w*retries|\w*attempts?|\w*agents?|\w*samples?|\w*count|\w*limit|\w*size|\w*workers|\w*threshold|k|n|top_k|top_p|seed|indent|weight\w*|step|start|maxsplit|flags|default)\s*(?:=|:|\+=|-=|==|<=?|>=?)\s*$/i;
const shapingBefore =
  /(?:\brange\(\s*(?:-?\d+\s*,\s*){0,2}|\[\s*-?\s*|\[\s*\w*\s*:\s*-?\s*|\blen\([^()\n]{0,60}\)\s*(?:[<>]=?|[=!]=|-|\+|\/\/?|%)\s*|\bsleep\(\s*|\{\s*|\bgroup\(\s*|\b(?:agent|step|expert|solver|round|candidate|solution|example|part|phase|stage|option|rule|worker|version|python|layer|level|case|section|line|between|from)s?\s*#?|^\s*|\n[ \t]*(?:#\s*)?|[(,]\s*)$/i;
const shapingAfter =
  /^(?:\s*[:\]]|[.):]\s|\s+to\s+\d|\s*[-–]\s*\d+\b|(?:\s+(?:more|other|or\s+\w+|independent|different|separate|specialised|specialized|short|brief|distinct|such|possible|parallel|further|new|single|of|the|these|those|key|clear|main|simple|careful|complete|full|final)){0,3}\s+(?:agent|step|expert|solver|round|call|time|thread|solution|candidate|answer|option|vote|voter|way|attempt|draft|critic|reviewer|word|sentence|line|character|token|second|point|perspective|role|approach|method|part|phase|stage|idea|test|case|sample|path|opinion|reviewer|debater|pass|iteration|turn|specialist|example|bullet|paragraph|digit|decimal|place|thing|kind|question|query|quer|other|at a time|program|script|message|reply|repl|response|person|people|participant|teacher|student|tutor|mathematician|assistant|member|model|prompt|check)\w*|\s*\*\s*(?:len|self|\w+_)|-(?:step|stage|shot|agent|way|phase|round|word|line|sentence)\w*)/i;
const statedBefore =
  /(?:\b(?:answer|result|total|sum|value|output|solution|final|equals?|gives?|yields?|return|returns|print|comes? to|amounts? to|boxed)\b|=|→|=>|####)(?:\s*(?:\b(?:is|are|be|exactly|about|simply|just|therefore|thus|to|of|the|equal|answer|number|str|float|int)\b|[:=$£€"'()[\]*{}\\]|\bboxed\b))*\s*[-−]?$/i;

const smallest = 12;

export function numberTells(gold: string): readonly Tell[] {
  const wanted = numberOf(gold);
  if (wanted === undefined) return [(text) => holds(text, gold)];
  return [
    (text) => some(text, wanted, (writing) => !shapes(text, writing)),
    (text) => some(text, wanted, ({ start }) => isStated(text, start)),
  ];
}

function numberOf(gold: string): number | undefined {
  const plain = gold.replaceAll(/[,$€£\s]/g, '').replace('−', '-');
  const fraction = /^([-+]?\d+)\/(\d+)$/.exec(plain);
  const percent = /^([-+]?[\d.]+)%$/.exec(plain);
  const value = fraction
    ? Number(fraction[1]) / Number(fraction[2])
    : Number(percent ? percent[1] : plain === '' ? Number.NaN : plain);
  return Number.isFinite(value) ? value : undefined;
}

function some(text: string, wanted: number, test: (writing: Writing) => boolean): boolean {
  for (const writing of writingsIn(text))
    if (isSame(writing.value, wanted, text.slice(writing.start, writing.end)) && test(writing)) return true;
  return false;
}

/** Equal, or the gold rounded to the digits written, three at least. */
function isSame(value: number, gold: number, written: string): boolean {
  if (Math.abs(value - gold) <= 1e-9 * Math.abs(gold)) return true;
  const significant = written
    .replace(/e[-+]?\d+$/i, '')
    .replaceAll(/\D/g, '')
    .replace(/^0+/, '').length;
  if (significant < 3 || significant > 15 || !/\.\d/.test(written)) return false;
  return Number(gold.toPrecision(significant)) === Number(value.toPrecision(significant));
}

function isStated(text: string, start: number): boolean {
  const before = text.slice(Math.max(0, start - 60), start);
  return statedBefore.test(before) && !namedBefore.test(before);
}

function shapes(text: string, { value, start, end, form }: Writing): boolean {
  const isSmall = Number.isInteger(value) && Math.abs(value) <= smallest;
  if (isStated(text, start) && !shapingAfter.test(text.slice(end, end + 80))) return false;
  if (form === 'words' && isSmall) return true;
  const after = text.slice(end, end + 80);
  if ((isSmall || isRound(value)) && shapingAfter.test(after)) return true;
  const before = text.slice(Math.max(0, start - 60), start);
  return (
    form === 'digits' &&
    (isSmall || isRound(value)) &&
    (namedBefore.test(before) || shapingBefore.test(before))
  );
}

/** Numbers that people choose: 100, 0.7, 30, 2048. */
function isRound(value: number): boolean {
  const size = Math.abs(value);
  if (size === 0 || size > 1e6) return size === 0;
  return (
    Number.isInteger(Math.log2(size)) ||
    Number(size.toPrecision(1)) === size ||
    [15, 25, 120, 150, 250, 1500].includes(size)
  );
}
