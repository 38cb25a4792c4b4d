/** For running text in LaTeX: no macro, mathematics, comment, alignment or ligature comes out of a foreign text. */
import { visibleText } from './visible-text.ts';

const commands: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '#': '\\#',
  '%': '\\%',
  _: '\\_',
  '^': '\\textasciicircum{}',
  '~': '\\textasciitilde{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '"': '\\textquotedbl{}',
  '`': '\\textasciigrave{}',
  "'": '\\textquotesingle{}',
  '-': '{-}',
};

export function latex(text: string): string {
  return visibleText(text)
    .replace(/[\n\t]+/g, ' ')
    .replace(/[\\{}$&#%_^~<>"`'-]/g, (char) => commands[char] ?? '');
}
