/** For HTML text and for attribute values in double quotes. Nowhere else: not in scripts, styles, URLs or comments. */
import { visibleText } from './visible-text.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function html(text: string): string {
  return visibleText(text).replace(/[&<>"']/g, (char) => entities[char] ?? '');
}
