import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { csvField, csvRow } from '../../../workflows/shared/encode/csv.ts';
import { html } from '../../../workflows/shared/encode/html.ts';
import { latex } from '../../../workflows/shared/encode/latex.ts';
import { cell } from '../../../workflows/shared/encode/markdown.ts';
import { mermaidLabel } from '../../../workflows/shared/encode/mermaid.ts';
import { terminal, terminalLine } from '../../../workflows/shared/encode/terminal.ts';
import { visibleText } from '../../../workflows/shared/encode/visible-text.ts';
import { webhookJson } from '../../../workflows/shared/encode/webhook.ts';
import { yamlString } from '../../../workflows/shared/encode/yaml.ts';
import { evilCorpus, marker } from '../../support/evil-corpus.ts';

const evil = Object.entries(evilCorpus);

// eslint-disable-next-line no-control-regex
const acting = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\p{Cs}]/u;

describe('each text of the evil corpus, in every sink', () => {
  it.each(evil)('HTML: %s', (_name, text) => {
    const encoded = html(text);
    expect(encoded).toContain(marker);
    expect(encoded).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/);
    expect(encoded).not.toMatch(acting);
    const decoded = encoded.replace(/&(amp|lt|gt|quot|#39);/g, (_all, name: string) => entity[name] ?? '');
    expect(decoded).toBe(visibleText(text));
  });

  it.each(evil)('Markdown in Temporal: %s', (_name, text) => {
    const encoded = cell(text);
    expect(encoded).not.toMatch(/[|`<>[\]()\\*_~#&\n\r\t]|:\/\/|www\./);
    expect(encoded).not.toMatch(acting);
    expect([...encoded].length).toBeLessThanOrEqual(220);
  });

  it.each(evil)('terminal: %s', (_name, text) => {
    expect(terminal(text)).not.toMatch(acting);
    expect(terminalLine(text)).not.toMatch(/[\n\t]/);
  });

  it.each(evil)('CSV: %s', (_name, text) => {
    const fields = readCsvRow(csvRow([text, 'next', -5, null]));
    expect(fields).toHaveLength(4);
    expect(fields.slice(1)).toEqual(['next', '-5', '']);
    expect(fields[0]).not.toMatch(/^\s*[=+\-@＝]/);
    expect([visibleText(text), `'${visibleText(text)}`]).toContain(fields[0]);
  });

  it.each(evil)('LaTeX: %s', (_name, text) => {
    const known =
      /\\(?:textbackslash|textasciicircum|textasciitilde|textless|textgreater|textquotedbl|textasciigrave|textquotesingle)\{\}|\\[{}$&#%_]|\{-\}/g;
    expect(latex(text).replace(known, '')).not.toMatch(/[\\{}$&#%_^~`'"<>\n]/);
  });

  it.each(evil)('Mermaid: %s', (_name, text) => {
    const encoded = mermaidLabel(text);
    expect(encoded.replace(/#\d+;/g, '')).toMatch(/^[\p{L}\p{M}\p{N} .,()…×↻·-]*$/u);
    const decoded = encoded.replace(/#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)));
    expect(visibleText(text).replace(/\s+/g, ' ').trim().startsWith(decoded.trim())).toBe(true);
    expect([...decoded].length).toBeLessThanOrEqual(200);
  });

  it.each(evil)('YAML: %s', (_name, text) => {
    expect(parse(`a: ${yamlString(text)}\nb: 1\n`)).toEqual({ a: visibleText(text), b: 1 });
  });

  it.each(evil)('webhook: %s', (_name, text) => {
    const body = JSON.parse(webhookJson({ text, nested: [{ text }] })) as { text: string };
    expect(Object.keys(body)).toEqual(['text', 'nested']);
    expect(body.text).not.toMatch(/[<>@&]|\]\(/);
    expect(body.text).not.toMatch(acting);
  });
});

it('terminal sequences go as a whole, and what they wrapped stays', () => {
  expect(terminal('\u001b[31mred\u001b[0m and \u001b]8;;https://x\u001b\\link\u001b]8;;\u001b\\')).toBe(
    'red and link',
  );
  expect(terminalLine('two\nlines\tand tabs')).toBe('two lines and tabs');
});

it('numbers stay numbers in CSV; texts that look like formulas do not act', () => {
  expect([csvField(-1.5), csvField('-1.5'), csvField('plain'), csvField('a,b')]).toEqual([
    '-1.5',
    '"\'-1.5"',
    'plain',
    '"a,b"',
  ]);
});

const entity: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** One row of RFC 4180. */
function readCsvRow(row: string): string[] {
  expect(row.endsWith('\r\n')).toBe(true);
  return [...row.slice(0, -2).matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map((match) =>
    match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'),
  );
}
