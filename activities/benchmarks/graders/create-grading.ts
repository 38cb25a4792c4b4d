/** The grading port over one grader per kind of gold. Both dependencies are asked for only when an item needs them. */
import type { Query } from '../../../workflows/shared/query.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import type { Grading, Verdict } from '../grading.ts';
import { choiceGrader, gradeChoice } from './choice.ts';
import { codeGrader, type CodeJudge, createCodeJudge, gradeCode } from './code.ts';
import { gradeLatex, latexGrader } from './latex.ts';
import type { LatexComparison, MathVerify } from './math-verify.ts';
import { createMemory } from './memory.ts';
import { gradeNumber, numberGrader } from './number.ts';
import { gradeText, textGrader } from './text.ts';

export interface GradingDependencies {
  /** Runs code under test. */
  readonly sandbox: () => Promise<Sandbox>;
  /** Compares LaTeX; the caller closes it. */
  readonly mathVerify: MathVerify;
}

const noGrader = 'none/1';

const graders = {
  number: numberGrader,
  choice: choiceGrader,
  latex: latexGrader,
  code: codeGrader,
  text: textGrader,
  none: noGrader,
} as const;

/** Name and version: "number/1". */
export function graderOf(query: Query): string {
  return graders[query.gold.kind];
}

export function createGrading({ sandbox, mathVerify }: GradingDependencies): Grading {
  const comparisons = createMemory<LatexComparison>(({ status }) => status === 'compared');
  const judges: Judges = {
    code: createCodeJudge(sandbox),
    latex: {
      compare: (gold, answer, signal) =>
        comparisons.get([gold, answer], () => mathVerify.compare(gold, answer, signal)),
    },
  };
  return { graderOf, grade: (query, answer, signal) => grade(judges, query, answer, signal) };
}

interface Judges {
  readonly code: CodeJudge;
  readonly latex: Pick<MathVerify, 'compare'>;
}

async function grade(judges: Judges, query: Query, answer: string, signal: AbortSignal): Promise<Verdict> {
  const { gold } = query;
  switch (gold.kind) {
    case 'number':
      return gradeNumber(gold, answer, query.text);
    case 'choice':
      return gradeChoice(gold, answer);
    case 'latex':
      return gradeLatex(gold, answer, judges.latex, signal);
    case 'code':
      return gradeCode(gold, answer, judges.code, signal);
    case 'text':
      return gradeText(gold, answer);
    case 'none':
      return { score: 0, grader: noGrader, extracted: null, reason: 'the query has no gold answer' };
  }
}
