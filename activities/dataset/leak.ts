/** Whether a text gives away a query's answer. The refiner sees the query and may solve it; such a row would teach nothing. */
import type { Gold } from '../../workflows/shared/query.ts';

/**
 * `text` is what the refiner wrote. Looks for the gold as a word of its own that neither the query nor the base program has,
 * so that a program's own constants are no leak. A choice leaks by its option's words, never by its letter.
 */
export function leaksAnswer(text: string, gold: Gold, known: readonly string[]): boolean {
  const secret = secretOf(gold);
  if (secret === '' || known.some((origin) => holds(origin, secret))) return false;
  return holds(text, secret);
}

function secretOf(gold: Gold): string {
  switch (gold.kind) {
    case 'number':
      return gold.value.replace(/^\+/, '').replaceAll(',', '').trim();
    case 'choice':
      return gold.options[gold.letter.charCodeAt(0) - 65]?.trim() ?? '';
    case 'latex':
    case 'text':
      return gold.value.trim();
    case 'code':
      return `def ${gold.entryPoint}`;
    case 'none':
      return '';
  }
}

function holds(text: string, secret: string): boolean {
  const plain = text.replace(/(?<=\d),(?=\d{3})/g, '').toLowerCase();
  const wanted = secret.toLowerCase();
  for (let at = plain.indexOf(wanted); at !== -1; at = plain.indexOf(wanted, at + 1)) {
    const before = plain[at - 1] ?? ' ';
    const after = plain[at + wanted.length] ?? ' ';
    const next = plain[at + wanted.length + 1] ?? ' ';
    const continues = after === '.' ? /\d/.test(next) : /[\w%]/.test(after);
    if (!/[\w.-]/.test(before) && !continues) return true;
  }
  return false;
}
