import { describe, expect, it } from 'vitest';
import { gradeChoice } from '../../../../activities/benchmarks/graders/choice.ts';
import { assemble } from '../../../../activities/benchmarks/graders/code.ts';
import { extractCode } from '../../../../activities/benchmarks/graders/extract-code.ts';
import { gradeNumber } from '../../../../activities/benchmarks/graders/number.ts';
import { gradeText } from '../../../../activities/benchmarks/graders/text.ts';
import { choiceCases, defaultOptions, textCases } from './golden-choices.ts';
import { codeCases } from './golden-code.ts';
import { numberCases } from './golden-numbers.ts';

describe('golden cases', () => {
  it.each(numberCases)(
    'number, $trap: $gold <- $answer',
    ({ gold, unit, tolerance, answer, query, right }) => {
      const verdict = gradeNumber(
        {
          kind: 'number',
          value: gold,
          ...(unit === undefined ? {} : { unit }),
          ...(tolerance === undefined ? {} : { relativeTolerance: tolerance }),
        },
        answer,
        query ?? 'How much?',
      );
      expect(verdict.score, verdict.reason).toBe(right ? 1 : 0);
      expect(verdict.reason).not.toBe('');
    },
  );

  it.each(choiceCases)('choice, $trap: $letter <- $answer', ({ letter, options, answer, right }) => {
    const verdict = gradeChoice(
      { kind: 'choice', letter, options: [...(options ?? defaultOptions)] },
      answer,
    );
    expect(verdict.score, verdict.reason).toBe(right ? 1 : 0);
  });

  it.each(textCases)('text: $gold <- $answer', ({ gold, answer, right }) => {
    expect(gradeText({ kind: 'text', value: gold }, answer).score).toBe(right ? 1 : 0);
  });

  it.each(codeCases)('code is found, $trap', ({ answer, found }) => {
    expect(extractCode(answer, 'double') !== undefined).toBe(found);
  });
});

describe('hostile answers', () => {
  const megabyte = 1024 * 1024;
  const hostile: Readonly<Record<string, string>> = {
    digits: '1'.repeat(megabyte),
    'digits before pi': `${'1'.repeat(megabyte)}π`,
    commas: '1,111'.repeat(megabyte / 5),
    boxes: '\\boxed{'.repeat(megabyte / 7),
    braces: '\\boxed{'.concat('{'.repeat(megabyte)),
    answers: 'the answer is '.repeat(megabyte / 14),
    spaces: `answer${' '.repeat(megabyte)}x`,
    lines: '\n'.repeat(megabyte),
    fences: '```\n'.repeat(megabyte / 4),
    texts: '\\text{'.repeat(megabyte / 6),
    surrogates: '\ud800'.repeat(megabyte / 2),
  };

  it.each(Object.keys(hostile))('%s are graded, and not for ever', (name) => {
    const answer = hostile[name] ?? '';
    expect(gradeNumber({ kind: 'number', value: '7' }, answer, '').score).toBe(0);
    expect(gradeChoice({ kind: 'choice', letter: 'A', options: ['7', '8'] }, answer).score).toBe(0);
    expect(gradeText({ kind: 'text', value: 'seven' }, answer).score).toBe(0);
    extractCode(answer, 'double');
  });
});

it('puts the prelude before the candidate, so that a bare body completes the signature', () => {
  const gold = {
    kind: 'code',
    entryPoint: 'double',
    form: 'check',
    tests: ['x'],
    prelude: 'def double(x):\n',
  } as const;
  expect(assemble({ ...gold, tests: [...gold.tests] }, '    return 2 * x')).toBe(
    'def double(x):\n    return 2 * x',
  );
});
