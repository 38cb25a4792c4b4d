/** The live view of an answer: what a frame says, how it fits a terminal, and what is written to redraw it. */
import { describe, expect, it } from 'vitest';
import { createAgentsScreen } from '../../../clients/cli/agents-screen.ts';
import { drawAgents } from '../../../clients/cli/agents-tree.ts';
import { clip, displayWidth, pad } from '../../../clients/cli/display-width.ts';
import { createLiveView } from '../../../clients/cli/live-view.ts';
import type { AgentRow } from '../../../workflows/shared/agents-view.ts';
import type { Progress } from '../../../workflows/shared/progress.ts';
import { evilCorpus } from '../../support/evil-corpus.ts';

const row = (change: Partial<AgentRow>): AgentRow => ({
  ...{ calls: 1, open: 0, failed: 0, tokensIn: 0, tokensOut: 0, costUsd: 0, ms: 0 },
  ...change,
});

const progress: Progress = {
  state: 'running',
  stage: 'generated program generated',
  done: 3,
  failed: 0,
  total: 0,
  simulated: true,
  usage: { llmCalls: 3, tokensIn: 1_000, tokensOut: 234, tokensCached: 0, costUsd: 0.0012 },
  agents: {
    outline: [
      { depth: 0, kind: 'agent', name: 'plan' },
      { depth: 0, kind: 'loop', name: 'up to 3 rounds' },
      { depth: 1, kind: 'ensemble', name: '5, side by side' },
      { depth: 2, kind: 'agent', name: 'drafts' },
      { depth: 1, kind: 'tests', name: 'run_tests' },
      { depth: 0, kind: 'agent', name: 'final' },
    ],
    rows: {
      plan: row({ tokensIn: 400, tokensOut: 34, ms: 1_250 }),
      drafts: row({ calls: 5, open: 3, tokensIn: 600, tokensOut: 200, ms: 900 }),
      run_tests: row({ calls: 2, failed: 1, tool: true, ms: 300 }),
      'agent 4': row({ calls: 1, open: 1 }),
    },
  },
};
const options = { label: 'answer/a', columns: 90, rows: 30, elapsedMs: 4_200, colour: false };

describe('a frame', () => {
  it('shows the program as a tree, each agent with state, calls, tokens and time', () => {
    expect(drawAgents(progress, options)).toEqual([
      'answer/a: generated program generated, 4 s, 3 calls, 1.2k tokens, $0.0012 (simulated)',
      '├─ ✔ plan                  1 call     434 tokens     1.3 s',
      '├─ loop: up to 3 rounds',
      '│  ├─ ensemble: 5, side by side',
      '│  │  └─ ▶ drafts       2/5 calls     800 tokens     0.9 s',
      '│  └─ ✖ run_tests          2 runs                    0.3 s',
      '├─ · final',
      '└─ ▶ agent 4             0/1 call',
    ]);
  });

  it.each([20, 24, 40, 60, 80, 200])('fits %i columns', (columns) => {
    for (const line of drawAgents(progress, { ...options, columns })) {
      expect(displayWidth(line)).toBeLessThan(Math.max(21, columns));
    }
  });

  it('fits the rows of the terminal, and says what is missing', () => {
    const lines = drawAgents(progress, { ...options, rows: 6 });
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)).toBe('… 5 more');
  });

  it('is coloured by state only where colours are wanted', () => {
    expect(drawAgents(progress, { ...options, colour: true }).join('\n')).toContain('\u001b[32m✔\u001b[0m');
    expect(drawAgents(progress, options).join('\n')).not.toContain('\u001b');
  });

  it('says the state at the end, and works before anything is known', () => {
    const { agents: _agents, usage: _usage, ...bare } = progress;
    expect(drawAgents({ ...bare, state: 'answered', stage: 'done' }, options)).toEqual([
      'answer/a: answered, 4 s',
    ]);
  });

  it.each(Object.entries(evilCorpus))('a name that is %s stays one line', (_name, text) => {
    const agents = { outline: [{ depth: 0, kind: 'agent' as const, name: text }], rows: { [text]: row({}) } };
    const lines = drawAgents({ ...progress, agents, stage: text }, { ...options, label: text });
    expect(lines).toHaveLength(2);
    // eslint-disable-next-line no-control-regex
    for (const line of lines) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    for (const line of lines) expect(displayWidth(line)).toBeLessThan(90);
  });
});

/** What a terminal shows after these bytes; it knows what the view writes, and wraps long lines. */
function screenOf(bytes: string, columns: number): string[] {
  const screen: string[][] = [[]];
  let [row_, column] = [0, 0];
  // eslint-disable-next-line no-control-regex
  for (const [, sequence = '', char = ''] of bytes.matchAll(/(\u001b\[\??\d*[A-Za-z])|([^])/gu)) {
    const count = Number(/\d+/.exec(sequence)?.[0] ?? 1);
    if (sequence.endsWith('A')) row_ = Math.max(0, row_ - count);
    else if (sequence.endsWith('K')) (screen[row_] ??= []).length = column;
    else if (sequence.endsWith('J')) {
      (screen[row_] ??= []).length = column;
      screen.length = row_ + 1;
    } else if (char === '\r') column = 0;
    else if (char === '\n') [row_, column] = [row_ + 1, 0];
    else if (char !== '') {
      if (column === columns) [row_, column] = [row_ + 1, 0];
      (screen[row_] ??= [])[column] = char;
      column += 1;
    }
    while (screen.length <= row_) screen.push([]);
  }
  const lines = screen.map((cells) => Array.from(cells, (cell) => cell ?? ' ').join(''));
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

function terminal(columns = 80): { stream: NodeJS.WriteStream; written: string[] } {
  const written: string[] = [];
  const stream = {
    isTTY: true,
    columns,
    rows: 24,
    hasColors: () => true,
    write: (text: string) => written.push(text),
  };
  return { stream: stream as unknown as NodeJS.WriteStream, written };
}

describe('on a terminal', () => {
  it('frames replace each other in place, in one write each; the last one stays', () => {
    const { stream, written } = terminal();
    const view = createLiveView(stream);
    view.draw(['one', 'two', 'three']);
    view.draw(['one', 'zwei']);
    view.draw(['one', 'zwei']);
    view.end();
    expect(written).toHaveLength(2);
    expect(screenOf(`above\n${written.join('')}`, 80)).toEqual(['above', 'one', 'zwei']);
    stream.write('after\n');
    expect(screenOf(written.join(''), 80)).toEqual(['one', 'zwei', 'after']);
  });

  it('other output takes its place, and it comes back below', () => {
    const { stream, written } = terminal();
    const view = createLiveView(stream);
    view.draw(['one', 'two']);
    view.clear();
    stream.write('a note\n');
    view.draw(['one', 'zwei']);
    expect(screenOf(written.join(''), 80)).toEqual(['a note', 'one', 'zwei']);
  });

  it('a terminal that became narrower has wrapped the last frame', () => {
    const { stream, written } = terminal(10);
    const view = createLiveView(stream);
    view.draw(['123456789', 'abc']);
    stream.columns = 5;
    view.draw(['12345', 'abc']);
    expect(written.at(-1)).toContain('\u001b[3A');
  });

  it('is none where the cursor cannot move; NO_COLOR leaves the colours out', () => {
    const { stream, written } = terminal();
    expect(createAgentsScreen({ isTTY: false } as NodeJS.WriteStream, {})).toBeNull();
    expect(createAgentsScreen(stream, { TERM: 'dumb' })).toBeNull();
    createAgentsScreen(stream, {})?.show('answer/a', progress);
    createAgentsScreen(stream, { NO_COLOR: '1' })?.show('answer/a', progress);
    expect(written[0]).toContain('\u001b[32m');
    expect(written[1]).not.toContain('\u001b[32m');
    expect(written[1]).toContain('✔ plan');
  });
});

it('widths are counted in columns', () => {
  expect(['abc', '漢字', 'e\u0301', '👍', '✔'].map(displayWidth)).toEqual([3, 4, 1, 2, 1]);
  expect(clip('漢字漢字', 5)).toBe('漢字…');
  expect(clip('abc', 3)).toBe('abc');
  expect(clip('abcd', 0)).toBe('');
  expect(pad('漢', 4)).toBe('漢  ');
});
