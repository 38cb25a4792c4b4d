/** What a prompt asks for, read from its words and layout alone: the kind of work and the format of the reply. */
import type { Query } from '../../../workflows/shared/query.ts';
import { type Candidate, candidatesIn, codeBlocks } from './candidates.ts';
import type { Kind } from './skill-table.ts';

export type Task =
  /** Answer the query; `kind` selects the gain. */
  | { readonly do: 'answer'; readonly kind: Kind }
  | { readonly do: 'decide'; readonly candidates: readonly Candidate[] }
  /** A code's output is quoted; the answer follows it. */
  | { readonly do: 'followExecution'; readonly output: string }
  /** The quoted code passed its tests: repeat it. */
  | { readonly do: 'keepCode'; readonly code: string }
  | { readonly do: 'critique'; readonly candidates: readonly Candidate[] }
  /** Names agents for the query, without answering it. */
  | { readonly do: 'recruit' }
  | { readonly do: 'writeSignature' }
  | { readonly do: 'writeTests' };

export interface ReplyFormat {
  /** Keys of the JSON object asked for, in order; empty when prose is asked. */
  readonly jsonKeys: readonly string[];
  readonly codeTag: boolean;
  readonly boxed: boolean;
  /** `[[..]]` or `<<..>>`, and whether what stands inside is a candidate's number. */
  readonly brackets: { readonly open: string; readonly close: string; readonly index: boolean } | undefined;
}

export interface PromptForm {
  readonly task: Task;
  readonly format: ReplyFormat;
}

const patterns = {
  steps:
    /step[- ]by[- ]step|step by step|chain of thought|show your (?:work|reasoning)|reason(?:ing)? (?:carefully|through)|think (?:carefully|it through|through)|explain your reasoning|let's think/i,
  own: /\b(?:your|previous|earlier|own|initial|draft|current|proposed|former|last|existing)\s+(?:\w+\s+){0,2}?(?:answer|solution|response|attempt|draft|code|reasoning|result|opinion)s?\b/i,
  debate: /other (?:agents?|experts?|participants?|debaters?|peers?)|debate/i,
  update: /\b(?:updated?|revised?|reconsider|refined?|improved?|correct(?:ed)?|rethink|rewrite|fix)\b/i,
  decide:
    /\b(?:choose|select|pick|decide|aggregate|consensus|majority|most (?:consistent|common|reliable|frequent)|which (?:one|of)|vote|best (?:answer|solution|candidate|one)|synthesi[sz]e|combine|judge|final decision)\b/i,
  critique:
    /\b(?:critique|criticise|criticize|give (?:\w+ )?feedback|provide (?:\w+ )?(?:feedback|criticism)|review (?:the|this)|find (?:the |any )?(?:errors|mistakes|flaws)|point out|check (?:the|this|whether)|list (?:any )?(?:errors|mistakes))\b/i,
  compute:
    /\boutput\b[`'" ]*(?:variable|named)|variable\s+(?:named |called )?[`'"]?output\b|assign\w*\s+(?:it|the \w+(?: \w+)?)\s+to\s+[`'"]?output\b|store\w*\s+(?:it|the \w+(?: \w+)?)\s+in\s+[`'"]?output\b/i,
  writeCode:
    /\b(?:write|generate|produce|provide|give|return|develop|create)\b[^.\n]{0,60}\b(?:python|code|script|program)\b/i,
  execution: /Final output:\s*([^\n]*)/,
  allPassed: /all (?:the )?(?:\d+ )?tests? (?:cases? )?(?:have |were )?pass|passed all/i,
  testResults:
    /\b(?:tests?|assert\w*)\b[^\n]{0,200}\b(?:fail(?:ed|s)?|pass(?:ed|es)?|error)\b|\b(?:fail(?:ed|s)?|pass(?:ed|es)?)\b[^\n]{0,60}\btests?\b/i,
} as const;

/** `rest` is the prompt without the query's text. */
export function readForm(rest: string, query: Query): PromptForm {
  const format = readFormat(rest);
  return { task: readTask(rest, query, format), format };
}

function readTask(rest: string, query: Query, format: ReplyFormat): Task {
  const keys = new Set(format.jsonKeys.map((key) => key.toLowerCase()));
  if (keys.has('basic') && keys.has('edge')) return { do: 'writeTests' };
  if (keys.has('function')) return { do: 'writeSignature' };
  if (['experts', 'roles', 'agents'].some((key) => keys.has(key))) return { do: 'recruit' };
  const candidates = candidatesIn(rest, query);
  const output = query.gold.kind === 'code' ? undefined : lastExecution(rest);
  const wantsScript =
    query.gold.kind !== 'code' && patterns.compute.test(rest) && patterns.writeCode.test(rest);
  if (patterns.critique.test(rest) && !format.codeTag && !patterns.update.test(rest)) {
    if (candidates.length > 0) return { do: 'critique', candidates };
  }
  if (output !== undefined && !wantsScript) return { do: 'followExecution', output };
  if (wantsScript) return { do: 'answer', kind: 'compute' };
  const revises = patterns.own.test(rest) && (patterns.update.test(rest) || patterns.debate.test(rest));
  if (query.gold.kind === 'code') {
    const quoted = codeBlocks(rest)
      .filter((code) => /\bdef\s+\w+/.test(code))
      .at(-1);
    if (quoted !== undefined && patterns.allPassed.test(rest)) return { do: 'keepCode', code: quoted };
    if (quoted !== undefined && candidates.length < 2 && patterns.testResults.test(rest)) {
      return { do: 'answer', kind: 'tested' };
    }
  }
  if (candidates.length >= 2 && (patterns.decide.test(rest) || !revises)) return { do: 'decide', candidates };
  if (candidates.length >= 1 && revises) return { do: 'answer', kind: 'own' };
  if (query.gold.kind === 'code' && format.codeTag) return { do: 'answer', kind: 'code' };
  return { do: 'answer', kind: patterns.steps.test(rest) ? 'steps' : 'plain' };
}

function lastExecution(rest: string): string | undefined {
  return (
    patterns.execution.exec(rest.slice(Math.max(0, rest.lastIndexOf('Final output:'))))?.[1]?.trim() ||
    undefined
  );
}

function readFormat(rest: string): ReplyFormat {
  const template = /(\[\[|<<)\s*([^\]>\n]{0,40}?)\s*(\]\]|>>)/.exec(rest);
  return {
    jsonKeys: jsonKeysAsked(rest),
    codeTag: rest.includes('<Code Solution>'),
    boxed: /\\boxed/.test(rest),
    brackets: template
      ? {
          open: template[1] ?? '',
          close: template[3] ?? '',
          index: /^(?:[ijkn]|\d+|.*(?:index|number|id|solution|candidate).*)$/i.test(template[2] ?? ''),
        }
      : undefined,
  };
}

/** The keys of a JSON object that the prompt asks for: from its template, or as named in its words. */
function jsonKeysAsked(rest: string): string[] {
  if (!/\bjson\b/i.test(rest)) return [];
  const template = [...rest.matchAll(/["']([A-Za-z_][\w ]{0,30})["']\s*:/g)].map((match) => match[1] ?? '');
  if (template.length > 0) return [...new Set(template)];
  const named = /(?:keys?|fields?)\b([^.\n]{0,200})/i.exec(rest)?.[1] ?? '';
  return [
    ...new Set([...named.matchAll(/["'`]([A-Za-z_][\w ]{0,30})["'`]/g)].map((match) => match[1] ?? '')),
  ];
}
