/** Labelled (trap, gold, answer, right?) cases for LaTeX by symbolic equivalence. */
export interface LatexCase {
  readonly trap: string;
  readonly gold: string;
  readonly answer: string;
  readonly right: boolean;
}

export const latexCases: readonly LatexCase[] = [
  { trap: 'spelling', gold: '\\frac{1}{2}', answer: 'Thus \\boxed{\\dfrac{1}{2}}.', right: true },
  { trap: 'decimal', gold: '\\frac{1}{2}', answer: '\\boxed{0.5}', right: true },
  { trap: 'radical', gold: '\\frac{1}{\\sqrt{2}}', answer: '\\boxed{\\frac{\\sqrt{2}}{2}}', right: true },
  { trap: 'expansion', gold: '(x+1)^2', answer: '\\boxed{x^2+2x+1}', right: true },
  { trap: 'expansion', gold: '(x+1)^2', answer: '\\boxed{x^2+1}', right: false },
  { trap: 'identity', gold: '\\sin^2 x', answer: 'The answer is $1-\\cos^2 x$.', right: true },
  { trap: 'set order', gold: '\\{1,2\\}', answer: '\\boxed{\\{2,1\\}}', right: true },
  { trap: 'tuple order', gold: '(1,2)', answer: '\\boxed{(2,1)}', right: false },
  { trap: 'interval', gold: '[1,2)', answer: '\\boxed{[1,2)}', right: true },
  { trap: 'interval', gold: '[1,2)', answer: '\\boxed{(1,2]}', right: false },
  {
    trap: 'matrix',
    gold: '\\begin{pmatrix}1\\\\2\\end{pmatrix}',
    answer: '\\boxed{\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}}',
    right: true,
  },
  { trap: 'text', gold: '\\text{Evelyn}', answer: '\\boxed{\\text{Evelyn}}', right: true },
  { trap: 'text', gold: '\\text{Evelyn}', answer: '\\boxed{\\text{Debra}}', right: false },
  { trap: 'degrees', gold: '90^\\circ', answer: '\\boxed{90}', right: true },
  { trap: 'thousands', gold: '10,000', answer: '\\boxed{10000}', right: true },
  { trap: 'pi', gold: '3\\pi', answer: 'Final Answer: $3\\pi$', right: true },
  { trap: 'pi', gold: '3\\pi', answer: 'Final Answer: 3', right: false },
  { trap: 'equation', gold: '5', answer: '\\boxed{x = 5}', right: true },
  { trap: 'last boxed', gold: '7', answer: 'First \\boxed{3}, then \\boxed{7}.', right: true },
  { trap: 'last boxed', gold: '3', answer: 'First \\boxed{3}, then \\boxed{7}.', right: false },
  { trap: 'flexible', gold: 'x^2', answer: 'We get $y = x^2$', right: true },
  { trap: 'bare', gold: '\\sqrt{3}', answer: 'Final Answer: \\sqrt{3}', right: true },
  { trap: 'delimited gold', gold: '$\\frac{3}{4}$', answer: '\\boxed{\\frac{6}{8}}', right: true },
  { trap: 'integral', gold: '\\frac{1}{2}', answer: '\\boxed{\\int_0^1 x\\,dx}', right: true },
  { trap: 'nothing', gold: '5', answer: 'I do not know.', right: false },
  { trap: 'nothing', gold: '5', answer: '', right: false },
];
