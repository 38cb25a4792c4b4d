/** Labelled cases for choices (gold letter against five options) and for short texts. */
export interface ChoiceCase {
  readonly trap: string;
  readonly letter: string;
  readonly answer: string;
  readonly right: boolean;
  readonly options?: readonly string[];
}

export const defaultOptions = ['$61', '$65', '$67.40', '$70', 'None of these'];

export const choiceCases: readonly ChoiceCase[] = [
  { trap: 'boxed', letter: 'C', answer: 'Thus \\boxed{C}.', right: true },
  { trap: 'boxed', letter: 'C', answer: 'Thus \\boxed{\\text{(C)}}.', right: true },
  { trap: 'boxed', letter: 'C', answer: '\\boxed{B}, so not C', right: false },
  { trap: 'boxed', letter: 'C', answer: '\\boxed{c}', right: true },
  { trap: 'boxed', letter: 'C', answer: '\\boxed{\\textbf{C}}', right: true },
  { trap: 'boxed text', letter: 'C', answer: '\\boxed{67.4}', right: true },
  { trap: 'stated', letter: 'C', answer: 'The answer is C', right: true },
  { trap: 'stated', letter: 'C', answer: 'The answer is (C) $67.40.', right: true },
  { trap: 'stated', letter: 'C', answer: 'Final Answer: C) $67.40', right: true },
  { trap: 'stated', letter: 'C', answer: '**Answer:** **C**', right: true },
  { trap: 'stated', letter: 'C', answer: 'The correct option is C because it is less.', right: true },
  { trap: 'stated', letter: 'C', answer: 'The correct answer is option C.', right: true },
  { trap: 'stated', letter: 'B', answer: 'The answer is A. No: the answer is B.', right: true },
  { trap: 'stated', letter: 'A', answer: 'The answer is A. No: the answer is B.', right: false },
  { trap: 'article', letter: 'A', answer: 'The answer is A price of $65.', right: false },
  { trap: 'article', letter: 'B', answer: 'The answer is a price of $65.', right: true },
  { trap: 'letter wins', letter: 'B', answer: 'The answer is (B) $67.40', right: true },
  { trap: 'text', letter: 'D', answer: 'The answer is $70.', right: true },
  { trap: 'text', letter: 'D', answer: '$70', right: true },
  { trap: 'text', letter: 'D', answer: 'Final Answer: 70.00', right: true },
  { trap: 'text', letter: 'D', answer: 'Final Answer: 71', right: false },
  { trap: 'none', letter: 'E', answer: 'Final Answer: None of these', right: true },
  { trap: 'none', letter: 'E', answer: 'Final answer: none of these.', right: true },
  { trap: 'hedge', letter: 'A', answer: 'Final Answer: A or B', right: false },
  { trap: 'hedge', letter: 'B', answer: 'Final Answer: both A and B', right: false },
  { trap: 'hedge', letter: 'A', answer: '\\boxed{A, B}', right: false },
  { trap: 'lone', letter: 'C', answer: 'Working…\n\nC', right: true },
  { trap: 'lone', letter: 'C', answer: 'I compared (A) and (B) and choose **C**.', right: true },
  { trap: 'lone', letter: 'C', answer: '(C)', right: true },
  { trap: 'lone', letter: 'C', answer: 'c', right: true },
  { trap: 'lone', letter: 'A', answer: 'A train leaves at noon.', right: false },
  { trap: 'range', letter: 'C', answer: 'The answer is F', right: false },
  { trap: 'range', letter: 'A', answer: 'The answer is E', right: false, options: ['yes', 'no'] },
  { trap: 'option words', letter: 'B', answer: 'The answer is no.', right: true, options: ['yes', 'no'] },
  { trap: 'same texts', letter: 'A', answer: 'The answer is 5', right: false, options: ['5', '5', '6'] },
  { trap: 'nothing', letter: 'A', answer: '', right: false },
];

export const textCases: readonly {
  readonly gold: string;
  readonly answer: string;
  readonly right: boolean;
}[] = [
  { gold: 'Marie Curie', answer: 'marie curie', right: true },
  { gold: 'Marie Curie', answer: 'The answer is Marie Curie.', right: true },
  { gold: 'the Eiffel Tower', answer: 'Final Answer: Eiffel tower!', right: true },
  { gold: 'Marie Curie', answer: 'Pierre Curie', right: false },
  { gold: 'yes', answer: '', right: false },
];
