/**
 * The answers that a prompt quotes: a draft to reflect on, other agents' answers, numbered candidates, an execution's
 * result. Each listed item yields one answer, the last it states, in the normal form of the query's kind of gold.
 */
import type { Query } from '../../../workflows/shared/query.ts';

export interface Candidate {
  /** Normal form: equal answers are equal strings. */
  readonly answer: string;
  /** The label it is listed under ("2", "B"); its position from 1 when it has none. */
  readonly label: string;
}

/** "Solution 1:", "Candidate [2]", "### Agent 3", "Answer B." at the start of a line, and bare "[1]" or "(1)". */
const listHeader =
  /^[ \t>*#-]*(?:(?:[A-Za-z-]+[ ]){0,3}?(?:solution|candidate|answer|response|agent|expert|option|proposal|attempt|reply|draft|result|opinion|code|program|choice|idea)s?[ ]*(?:no\.|number|id)?[ ]*#?[[(<]{0,2}(\d{1,2})[\])>]{0,2}|[[(<]{1,2}(\d{1,2})[\])>]{1,2})[^\n]{0,40}?(?:[:.)\]>]|\n|$)/gim;

export function candidatesIn(rest: string, query: Query): Candidate[] {
  const sections = listedSections(rest);
  if (sections.length >= 2) {
    return sections.flatMap(({ label, text }) => {
      const answer = answersIn(text, query).at(-1) ?? bareAnswer(text, query);
      return answer === undefined ? [] : [{ answer, label }];
    });
  }
  return answersIn(rest, query).map((answer, index) => ({ answer, label: String(index + 1) }));
}

/** The most frequent answer, first come first served. */
export function majority(candidates: readonly Candidate[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { answer } of candidates) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0];
}

/** Every stated answer, in order; code queries state theirs as blocks of code. */
export function answersIn(text: string, query: Query): string[] {
  if (query.gold.kind === 'code') return codeBlocks(text).filter((code) => /\bdef\s+\w+/.test(code));
  const found: string[] = [];
  const statement =
    /(?:final\s+(?:answer|output)|the\s+(?:correct\s+|final\s+)?(?:answer|option|result)\s+is|"(?:final_?answer|answer|result)"\s*:)[\s*:$]*([^\n]{1,200})|\banswer[ \t]*:[ \t*$]*([^\n]{1,200})|\\boxed\{((?:[^{}\n]|\{[^{}\n]*\}){1,200})\}|\[\[([^[\]\n]{1,80})\]\]/gi;
  for (const match of text.matchAll(statement)) {
    const answer = normalAnswer(match[1] ?? match[2] ?? match[3] ?? match[4] ?? '', query);
    if (answer !== undefined) found.push(answer);
  }
  return found;
}

/** The normal form of one stated answer, or undefined when it is none ("<your answer>"). */
export function normalAnswer(stated: string, query: Query): string | undefined {
  const text = (/\\boxed\{((?:[^{}\n]|\{[^{}\n]*\})*)\}/.exec(stated)?.[1] ?? stated).trim();
  switch (query.gold.kind) {
    case 'number': {
      const number = /^[^\d\n<[{]{0,12}?([-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/.exec(
        text.replace(/^\$/, ''),
      )?.[1];
      return number === undefined ? undefined : String(Number(number.replaceAll(',', '')));
    }
    case 'choice':
      return /^[("'[*]*([A-Z])(?![A-Za-z])/.exec(text)?.[1];
    default: {
      const plain = text.replace(/^["'`$]+|["'`$.,}]+$/g, '').trim();
      return plain === '' || /^[<[]|your|\.\.\.|answer/i.test(plain) ? undefined : plain;
    }
  }
}

/** Contents of code tags and fenced blocks, each once. */
export function codeBlocks(text: string): string[] {
  const blocks: string[] = [];
  for (const match of text.matchAll(/<Code Solution>([\s\S]*?)<\/Code Solution>|```[\w+]*\n([\s\S]*?)```/g)) {
    const code = (match[1] ?? match[2] ?? '').replace(/^\s*```\w*\n|\n?```\s*$/g, '').trim();
    if (code !== '') blocks.push(code);
  }
  return blocks;
}

function listedSections(text: string): { label: string; text: string }[] {
  const heads = [...text.matchAll(listHeader)];
  return heads.map((head, index) => ({
    label: head[1] ?? head[2] ?? '',
    text: text.slice(head.index + head[0].length, heads[index + 1]?.index ?? text.length),
  }));
}

/** "Answer 1: 42": a short section that is nothing but its answer. */
function bareAnswer(section: string, query: Query): string | undefined {
  const text = section.trim();
  if (query.gold.kind === 'code')
    return text.startsWith('def ') || text.includes('\ndef ') ? text : undefined;
  return text.length <= 80 && !text.includes('\n') ? normalAnswer(text, query) : undefined;
}
