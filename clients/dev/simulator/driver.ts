/** The role sim-driver: plays the agents of MAS programs by the formula of skill-table.ts. */
import type { Query } from '../../../workflows/shared/query.ts';
import { probabilityRight } from './ability.ts';
import { majority, normalAnswer } from './candidates.ts';
import type { Draws } from './draws.ts';
import { referenceOf } from './mutants.ts';
import { phrase } from './phrase.ts';
import { type PromptForm, readForm } from './prompt-form.ts';
import { type Kind, type ModelName, skillTable } from './skill-table.ts';
import { recruit } from './recruit.ts';
import { writeSignature, writeTests } from './write-tests.ts';
import { wrongAnswersOf } from './wrong-answers.ts';

export interface Prompt {
  readonly model: ModelName;
  /** All messages, joined. */
  readonly text: string;
  /** The longest known text in it. */
  readonly query: Query | undefined;
  readonly simulatorSeed: number;
  /** By simulator's seed, prompt and the request's seed. */
  readonly draws: Draws;
}

export function driverReply(prompt: Prompt): string {
  const { query, draws } = prompt;
  if (!query) return unknownReply(prompt.text);
  const form = readForm(prompt.text.replaceAll(query.text, ' '), query);
  const { task, format } = form;
  switch (task.do) {
    case 'answer':
      return answer(prompt, query, task.kind, form);
    case 'decide': {
      const chosen = followed(
        task.candidates.map(({ answer }) => answer),
        majority(task.candidates),
        draws,
      );
      const label = task.candidates.find((candidate) => candidate.answer === chosen)?.label;
      const reasoning = `I compared the ${task.candidates.length} candidates and take the one that most of them support.`;
      return phrase({ answer: chosen, label, reasoning }, form.format, query);
    }
    case 'followExecution': {
      if (draws.uniform('follow') >= skillTable.followsMajority) return answer(prompt, query, 'steps', form);
      const output = normalAnswer(task.output, query) ?? task.output;
      return phrase(
        { answer: output, reasoning: 'The code was executed; its output answers the question.' },
        format,
        query,
      );
    }
    case 'keepCode':
      return phrase(
        { answer: task.code, reasoning: 'All tests pass, so the code stands as it is.' },
        format,
        query,
      );
    case 'critique':
      return critique(prompt, query, task.candidates.at(-1)?.answer ?? '');
    case 'recruit':
      return recruit(query, format.jsonKeys);
    case 'writeSignature':
      return writeSignature(query);
    case 'writeTests':
      return writeTests(query, draws);
  }
}

/** The formula: right with P, else wrong by the modal share. */
function answer(prompt: Prompt, query: Query, kind: Kind, form: PromptForm): string {
  const { draws } = prompt;
  const right = draws.uniform('right') < probabilityRight(prompt.model, kind, query, prompt.simulatorSeed);
  const stated =
    (right ? rightAnswerOf(query) : undefined) ?? wrongAnswer(query, prompt.simulatorSeed, draws);
  const reasoning = reasoningFor(kind, draws);
  if (kind !== 'compute') return phrase({ answer: stated, reasoning }, form.format, query);
  const raises = !right && draws.uniform('raises') < skillTable.raisingScriptShare;
  return phrase({ answer: script(stated, raises), reasoning, script: true }, form.format, query);
}

export function rightAnswerOf(query: Query): string | undefined {
  switch (query.gold.kind) {
    case 'number':
    case 'latex':
    case 'text':
      return query.gold.value;
    case 'choice':
      return query.gold.letter;
    case 'code':
      return referenceOf(query);
    case 'none':
      return undefined;
  }
}

function wrongAnswer(query: Query, simulatorSeed: number, draws: Draws): string {
  const [modal = 'unknown', ...others] = wrongAnswersOf(query, simulatorSeed);
  if (others.length === 0 || draws.uniform('modal') < skillTable.modalWrongShare) return modal;
  return draws.pick('wrong', others);
}

/** The majority, or by a slip another of the candidates. */
function followed(answers: readonly string[], most: string | undefined, draws: Draws): string {
  const others = answers.filter((answer) => answer !== most);
  if (others.length > 0 && draws.uniform('follow') >= skillTable.followsMajority)
    return draws.pick('slip', others);
  return most ?? 'unknown';
}

function critique(prompt: Prompt, query: Query, quoted: string): string {
  const gold = rightAnswerOf(query);
  const isRight =
    gold !== undefined && (query.gold.kind === 'code' ? gold.trim() : normalAnswer(gold, query)) === quoted;
  const sees =
    prompt.draws.uniform('critique') < probabilityRight(prompt.model, 'steps', query, prompt.simulatorSeed);
  return isRight === sees
    ? 'The solution is sound: the set-up fits the question and each step follows from the one before.'
    : 'The solution has a weak point: one of its steps does not follow from what is given.';
}

function script(stated: string, raises: boolean): string {
  const value = /^[-+]?[\d,]*\.?\d+(?:e[-+]?\d+)?$/i.test(stated)
    ? stated.replaceAll(',', '').replace(/^\+/, '')
    : JSON.stringify(stated);
  return raises
    ? `# written by a simulated model\noutput = resutl`
    : `# written by a simulated model\nresult = ${value}\noutput = result`;
}

function reasoningFor(kind: Kind, draws: Draws): string {
  const opening = draws.pick('opening', [
    'Let me work this out.',
    'I start from what is given.',
    'First I sort the quantities.',
  ]);
  if (kind === 'plain') return opening;
  const middle = draws.pick('middle', [
    'Step 1: note what is asked. Step 2: apply the relation. Step 3: confirm what comes out.',
    'Step 1: write down the given values. Step 2: put them together in order. Step 3: confirm.',
  ]);
  return `${opening} ${middle}`;
}

/** No gold is known, so nothing that could be right is said. */
function unknownReply(text: string): string {
  return /\bjson\b/i.test(text)
    ? JSON.stringify({ think: 'The simulated model does not know this question.', answer: 'unknown' })
    : 'The simulated model does not know this question.\n\nFinal Answer: unknown';
}
