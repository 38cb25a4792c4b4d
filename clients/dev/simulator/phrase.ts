/** Puts an answer into the words and the format that a prompt asks for. Each reply states its answer exactly once. */
import type { Query } from '../../../workflows/shared/query.ts';
import type { ReplyFormat } from './prompt-form.ts';

export interface Content {
  /** A number, a letter, LaTeX or code. */
  readonly answer: string;
  /** Number of the chosen candidate, where one was chosen. */
  readonly label?: string | undefined;
  readonly reasoning: string;
  /** The answer is a script that computes it. */
  readonly script?: boolean;
}

export function phrase(content: Content, format: ReplyFormat, query: Query): string {
  if (format.jsonKeys.length > 0) return json(content, format.jsonKeys);
  if (content.script === true || query.gold.kind === 'code') {
    return brackets(content, format, `${content.reasoning}\n\n${code(content.answer, format.codeTag)}`);
  }
  if (format.brackets) return brackets(content, format, content.reasoning, content.answer);
  if (format.boxed || query.gold.kind === 'latex')
    return `${content.reasoning}\n\nFinal answer: \\boxed{${content.answer}}`;
  return `${content.reasoning}\n\nFinal Answer: ${content.answer}`;
}

function code(source: string, tag: boolean): string {
  return tag ? `<Code Solution>\n${source}\n</Code Solution>` : `\`\`\`python\n${source}\n\`\`\``;
}

function brackets(content: Content, format: ReplyFormat, text: string, answer?: string): string {
  if (!format.brackets) return text;
  const inside = format.brackets.index && content.label !== undefined ? content.label : answer;
  return inside === undefined ? text : `${text}\n\n${format.brackets.open}${inside}${format.brackets.close}`;
}

function json(content: Content, keys: readonly string[]): string {
  const values = keys.map((key): [string, unknown] => {
    const word = key.toLowerCase();
    if (
      /index|choice|chosen|selected|best|winner|vote|number|id$/.test(word) &&
      content.label !== undefined
    ) {
      return [key, /^\d+$/.test(content.label) ? Number(content.label) : content.label];
    }
    if (/answer|result|solution|final|output|code|choice|decision/.test(word)) return [key, content.answer];
    if (/score|confidence|probability/.test(word)) return [key, 0.8];
    return [key, content.reasoning];
  });
  if (!values.some(([, value]) => value === content.answer || String(value) === content.label)) {
    values.push(['answer', content.answer]);
  }
  return JSON.stringify(Object.fromEntries(values), null, 2);
}
