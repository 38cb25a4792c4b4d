/** HTML by tagged template: every interpolated value is escaped unless it is markup itself. Lists are joined. */
import { html } from '../../workflows/shared/encode/html.ts';

export class Markup {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

type Value = Markup | string | number | undefined | false | readonly Value[];

export function markup(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let source = strings[0] ?? '';
  for (const [index, value] of values.entries()) source += encode(value) + (strings[index + 1] ?? '');
  return new Markup(source);
}

/** For text that is markup by construction: our own style and script, and SVG from the chart library. */
export function trusted(source: string): Markup {
  return new Markup(source);
}

function encode(value: Value): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.source;
  if (typeof value === 'string') return html(value);
  return typeof value === 'number' ? String(value) : value.map(encode).join('');
}
