/**
 * Strict extraction: the places where an answer is marked as final (`\boxed{…}`, "Final Answer: …", "The answer is …",
 * "#### …"), last first. Answers are foreign and up to 256 KB long: only the last 64 KB and the last 16 marks are looked at.
 */
export interface MarkedAnswer {
  readonly form: 'boxed' | 'stated' | 'hashes';
  readonly text: string;
  readonly at: number;
}

const stated =
  /\b(?:final\s+answer|correct\s+(?:answer|option|choice)|answer)\b(?:\s*\([^()\n]{0,40}\))?(?:\s+(?:to|for|of|in)\s[^\n.:=]{1,80}?)?[*_\s]*(?:\bis\b(?:\s+(?:option|choice|approximately|about|simply|therefore))*\s*:?|:|=|\bwould be\b)[*_]*/gi;
const hashes = /^[ \t]*####[ \t]*(?=\S)/gm;

const maxSearched = 64 * 1024;
const maxMarks = 16;
const maxBoxed = 4096;
const maxLine = 400;

export function markedAnswers(answer: string): readonly MarkedAnswer[] {
  const tail = answer.slice(-maxSearched);
  const marks = [
    ...boxedAnswers(tail).slice(-maxMarks),
    ...[...tail.matchAll(stated)].slice(-maxMarks).map((match) => statedAnswer(tail, match)),
    ...[...tail.matchAll(hashes)].slice(-maxMarks).map((match) => hashedAnswer(tail, match)),
  ];
  return marks
    .filter((mark) => mark !== undefined)
    .toSorted((a, b) => b.at - a.at)
    .slice(0, maxMarks);
}

/** The last complete `\boxed{…}` of a text, unwrapped. */
export function lastBoxed(text: string): string | undefined {
  return boxedAnswers(text).at(-1)?.text;
}

function boxedAnswers(answer: string): MarkedAnswer[] {
  const found: MarkedAnswer[] = [];
  const opening = /\\(?:boxed|fbox)\s*\{/g;
  for (let match = opening.exec(answer); match; match = opening.exec(answer)) {
    const from = opening.lastIndex;
    const to = closingBrace(answer, from);
    if (to === undefined) continue;
    found.push({ form: 'boxed', text: answer.slice(from, to).trim(), at: match.index });
  }
  return found;
}

function closingBrace(text: string, from: number): number | undefined {
  let depth = 1;
  const end = Math.min(text.length, from + maxBoxed);
  for (let at = from; at < end; at += 1) {
    const char = text[at];
    if (char === '\\') at += 1;
    else if (char === '{') depth += 1;
    else if (char === '}' && --depth === 0) return at;
  }
  return undefined;
}

function statedAnswer(answer: string, match: RegExpExecArray): MarkedAnswer | undefined {
  const text = lineFrom(answer, match.index + match[0].length);
  if (text === '' || /^not\b/i.test(text)) return undefined;
  return { form: 'stated', text: lastBoxed(text) ?? text, at: match.index };
}

/** GSM8K's mark; a Markdown heading ("#### Step 2", "#### 1. Set-up") is none. */
function hashedAnswer(answer: string, match: RegExpExecArray): MarkedAnswer | undefined {
  const text = lineFrom(answer, match.index + match[0].length);
  if (!/^[-+−$€£\d.(\\]/.test(text) || /^\d+[.):]\s+\D/.test(text)) return undefined;
  return { form: 'hashes', text: lastBoxed(text) ?? text, at: match.index };
}

/** The rest of the line; of the next line that has text when this one ends here ("**Final Answer:**" above its answer). */
function lineFrom(text: string, from: number): string {
  const rest = text.slice(from, from + maxLine);
  const start = rest.search(/[^\s*_:]/);
  if (start < 0) return '';
  return (rest.slice(start).split('\n', 1)[0] ?? '').trim();
}
