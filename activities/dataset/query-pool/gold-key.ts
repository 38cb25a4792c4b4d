/** One text per gold: two golds say the same when their keys are equal. Used to tell a duplicate from a conflict. */
import type { Gold } from '../../../workflows/shared/query.ts';
import { normalText } from './comparable.ts';

/** Undefined where golds cannot be compared: two sets of tests may both be right, and no gold contradicts none. */
export function goldKeyOf(gold: Gold): string | undefined {
  switch (gold.kind) {
    case 'number':
      return `${valueKey(gold.value)} ${normalText(gold.unit ?? '').replaceAll(' ', '')}`.trim();
    case 'choice':
      // By what the option says: another order of the options is no other gold.
      return `option ${normalText(gold.options[gold.letter.charCodeAt(0) - 65] ?? gold.letter)}`;
    case 'latex':
    case 'text':
      return valueKey(gold.value);
    case 'code':
    case 'none':
      return undefined;
  }
}

/** Numbers by value: "1,000" is "1000.0". */
function valueKey(value: string): string {
  const plain = normalText(value)
    .replace(/^\$(.*)\$$/, '$1')
    .replaceAll(' ', '');
  const number = Number(plain.replace(/(?<=\d),(?=\d{3}(?!\d))/g, ''));
  return plain !== '' && Number.isFinite(number) ? String(number) : plain;
}
