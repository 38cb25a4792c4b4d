/**
 * For a Mermaid label in double quotes. Besides letters, digits, spaces and a few harmless marks every character becomes
 * its number, so that no text is markup, a directive, a link, an icon or the end of the label.
 */
import { visibleText } from './visible-text.ts';

const maxCharacters = 200;

export function mermaidLabel(text: string): string {
  const line = visibleText(text.slice(0, 4 * maxCharacters))
    .replace(/\s+/g, ' ')
    .trim();
  const clipped = [...line].slice(0, maxCharacters).join('');
  return clipped.replace(/[^\p{L}\p{M}\p{N} .,()…×↻·-]/gu, (char) => `#${char.codePointAt(0)};`);
}
