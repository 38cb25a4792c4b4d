/** The role sim-refiner: really edits the program it is given, not always well, and reasons about why it fits the query. */
import type { Query } from '../../../workflows/shared/query.ts';
import { difficultyOf, domainOf } from './ability.ts';
import { rightAnswerOf, type Prompt } from './driver.ts';
import { cheat, garbage, type RefinerManner } from './bad-refiners.ts';
import { type Domain, skillTable } from './skill-table.ts';

/** Above this difficulty a query gets one agent more. */
const hardFrom = 0.8;

const roles: Readonly<Record<Domain, readonly string[]>> = {
  arithmetic: ['careful arithmetic tutor', 'patient word problem solver', 'precise bookkeeper'],
  science: ['physicist who minds units', 'careful physics teacher', 'laboratory scientist'],
  math: ['rigorous mathematician', 'competition mathematician', 'careful algebraist'],
  choice: ['examiner who weighs every option', 'well-read quiz expert', 'sceptical subject expert'],
  code: ['senior Python programmer', 'careful software engineer', 'programmer who tests first'],
  knowledge: ['well-read scholar', 'subject expert', 'careful fact checker'],
};

const focus: Readonly<Record<Domain, string>> = {
  arithmetic: 'minding every quantity',
  science: 'minding units and powers of ten',
  math: 'minding each algebraic step',
  choice: 'ruling out the wrong options',
  code: 'minding empty and unusual inputs',
  knowledge: 'minding what is certain',
};

export function refinerReply(prompt: Prompt, manner: RefinerManner = 'good'): string {
  // A prompt may end with the last try and why it was refused.
  const program = programIn(prompt.text.split('\n\nYour last reply:\n')[0] ?? '');
  const { query } = prompt;
  if (manner === 'garbage') return garbage(prompt.draws);
  if (!program) return 'The simulated refiner was given no program.';
  if (!query)
    return `The query is not known to the simulated refiner, so the program stays.\n\n${block(program)}`;
  const reasoning = reason(query, program, prompt);
  if (/reasoning (?:alone|only)|only the reasoning/i.test(prompt.text)) return reasoning;
  return `${reasoning}\n\n${block(manner === 'good' ? edit(program, query, prompt) : cheat(manner, program, query))}`;
}

/** From the fence before `class MAS` to the prompt's last one: a program's own prompts may hold fences too. */
function programIn(text: string): string | undefined {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => /^class MAS\b/.test(line));
  const opening = lines.findLastIndex((line, index) => index < start && line.startsWith('```'));
  const closing = lines.findLastIndex((line) => line.trim() === '```');
  return opening === -1 || closing < start ? undefined : lines.slice(opening + 1, closing).join('\n');
}

function edit(program: string, query: Query, prompt: Prompt): string {
  const { syntax, leak, worse } = skillTable.refinerFaults;
  const luck = prompt.draws.uniform('refiner');
  if (luck < syntax) return adapted(program, query, prompt).replace(/\)(?![\s\S]*\))/, '');
  if (luck < syntax + leak) return leaking(program, rightAnswerOf(query) ?? 'unknown');
  if (luck < syntax + leak + worse)
    return program.replaceAll(/step[- ]by[- ]step/gi, 'briefly').replaceAll(/range\([2-9]\)/g, 'range(1)');
  return adapted(program, query, prompt);
}

/** Roles and instructions for this query; one agent more when it is hard. The architecture stays. */
function adapted(program: string, query: Query, prompt: Prompt): string {
  const domain = domainOf(query);
  const role = prompt.draws.pick('role', roles[domain]);
  const renamed = program
    .replaceAll(
      /You are an? (?:[a-z-]+ ){0,4}?(?:solver|assistant|mathematician|expert|agent|programmer|scientist|engineer|tutor|teacher|problem solver)\b/gi,
      `You are ${article(role)}`,
    )
    .replace(/step[- ]by[- ]step(?!,)/i, `step by step, ${focus[domain]}`);
  if (difficultyOf(query, prompt.simulatorSeed) < hardFrom) return renamed;
  return renamed.replace(/range\(([2-8])\)/, (_, agents: string) => `range(${Number(agents) + 1})`);
}

function leaking(program: string, gold: string): string {
  const hint = gold.replaceAll(/[\n"'{}\\]/g, ' ').slice(0, 60);
  return program.replace(/You are /, `The answer is ${hint}. You are `);
}

/** Links what the query needs with what the program has, without naming an original. */
function reason(query: Query, program: string, prompt: Prompt): string {
  const needs: Readonly<Record<Domain, string>> = {
    arithmetic:
      'The query is a word problem: a short chain of arithmetic in which a single slip spoils the result.',
    science:
      'The query asks for a physical quantity: the formula is short, but units and powers of ten are easily lost.',
    math: 'The query is a mathematical problem with one exact result.',
    choice:
      'The query offers options of which one is right: weighing them against each other matters more than computing.',
    code: 'The query asks for a Python function: whether it is right can be found out by running it.',
    knowledge: 'The query asks for a fact.',
  };
  const hard = difficultyOf(query, prompt.simulatorSeed) >= hardFrom ? ' It is a hard one.' : '';
  return `${needs[domainOf(query)]}${hard} ${traits(program).join(' ')}`;
}

function traits(program: string): string[] {
  const found: string[] = [];
  if (/get_test_cases|test_code_get_feedback/.test(program))
    found.push('So the system writes code and tests, runs them, and repairs what fails.');
  else if (/execute_code/.test(program))
    found.push('So the system writes a script, executes it and answers with its output.');
  if (/debate|other agents?/i.test(program))
    found.push('Agents see the answers of the others and revise their own.');
  else if (/range\([2-9]\)|ThreadPoolExecutor/.test(program))
    found.push('Independent agents solve it side by side.');
  if (/feedback|critique|critici[sz]e/i.test(program) && found.length === 0)
    found.push('A draft is criticised and improved.');
  if (/majority|most (?:consistent|common)|final decision|choose|select/i.test(program))
    found.push('A last agent decides by what most of them support.');
  return found.length > 0 ? found : ['One agent with a clear instruction is enough.'];
}

function article(role: string): string {
  return `${/^[aeiou]/.test(role) ? 'an' : 'a'} ${role}`;
}

function block(program: string): string {
  return `\`\`\`python\n${program}\n\`\`\``;
}
