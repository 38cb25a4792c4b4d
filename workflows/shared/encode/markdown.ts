/** For one cell of a Markdown table in Temporal's UI: no marks, no links, no line breaks, at most 200 characters. */
import { visibleText } from './visible-text.ts';

const maxCharacters = 200;

/** After a cell's text: the UI draws tables without room between their columns, and drops plain spaces. */
export const gap = '\u00A0\u00A0';

export function cell(text: string): string {
  const clipped = [...visibleText(text.slice(0, 4 * maxCharacters))].slice(0, maxCharacters).join('');
  return clipped
    .replace(/[\n\t|`<>[\]()\\*_~#&!]/g, ' ')
    .replace(/:\/\//g, ': //')
    .replace(/\bwww\./gi, 'www ');
}
