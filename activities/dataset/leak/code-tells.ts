/** Code leaks when the function is defined, or when a run of the reference's tokens stands in the text that query and base lack. */
import type { Gold } from '../../../workflows/shared/query.ts';
import { holds } from './holds.ts';
import type { Tell } from './leaks-answer.ts';

const token = /[\p{L}_][\p{L}\p{N}_]*|\d+(?:\.\d+)?|[^\s\p{L}\p{N}_]/gu;
/** A run of so many tokens is the solution's own; a shorter solution counts when four fifths of it are there. */
const tellingTokens = 12;
const fewestTokens = 6;
const maxTokens = 20_000;

export function codeTells(gold: Extract<Gold, { kind: 'code' }>, known: readonly string[]): readonly Tell[] {
  const defines: Tell = (text) => holds(text, `def ${gold.entryPoint}`);
  const own = ownRuns(gold.reference ?? '', [gold.prelude, ...known]);
  return own.size === 0
    ? [defines]
    : [defines, (text) => runsOf(tokensOf(text), sizeOf(own)).some((run) => own.has(run))];
}

/** The runs of the reference's body that neither the query nor the base has. */
function ownRuns(reference: string, known: readonly string[]): ReadonlySet<string> {
  const tokens = tokensOf(bodyOf(reference));
  const size = Math.min(tellingTokens, Math.floor(tokens.length * 0.8));
  if (size < fewestTokens) return new Set();
  const shown = new Set(known.flatMap((text) => runsOf(tokensOf(text), size)));
  return new Set(runsOf(tokens, size).filter((run) => !shown.has(run)));
}

/** Without signatures, comments and docstrings, which a query shows. */
function bodyOf(reference: string): string {
  return reference
    .replaceAll(/"""[^]*?"""|'''[^]*?'''/g, ' ')
    .replaceAll(/(?<=^|\s)#[^\n]*/g, ' ')
    .replaceAll(/^\s*(?:async )?def [^\n]*:[ \t]*$/gm, ' ');
}

function tokensOf(text: string): string[] {
  return (text.match(token) ?? []).slice(0, maxTokens);
}

function runsOf(tokens: readonly string[], size: number): string[] {
  const count = Math.max(0, tokens.length - size + 1);
  return Array.from({ length: count }, (_, at) => tokens.slice(at, at + size).join(' '));
}

function sizeOf(runs: ReadonlySet<string>): number {
  const [first = ''] = runs;
  return first.split(' ').length;
}
