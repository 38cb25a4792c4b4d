/** The role sim-judge: extracts the final answer of a response, or says whether a response agrees with the gold. */
import { answersIn, normalAnswer } from './candidates.ts';
import { rightAnswerOf, type Prompt } from './driver.ts';
import { skillTable } from './skill-table.ts';

export function judgeReply(prompt: Prompt): string {
  const { query, text, draws } = prompt;
  if (!query) return verdict(text, false, 'The simulated judge does not know this question.');
  const rest = text.replaceAll(query.text, ' ');
  const stated = statedAnswer(rest, prompt);
  if (/\bextract\b/i.test(rest) && !/\b(?:compare|correct|equivalent|same)\b/i.test(rest)) {
    return stated ?? 'No answer found';
  }
  const gold = rightAnswerOf(query);
  const agrees = gold !== undefined && stated !== undefined && stated === (normalAnswer(gold, query) ?? gold);
  const slips = draws.uniform('judge') >= skillTable.judgeAccuracy;
  return verdict(rest, agrees !== slips, `The response states ${stated ?? 'no answer'}.`);
}

/** The response's answer: what stands between response tags if there are any, else the first stated answer but the gold's. */
function statedAnswer(rest: string, prompt: Prompt): string | undefined {
  if (!prompt.query) return undefined;
  const tagged = /<(response|answer|solution)>([\s\S]*?)<\/\1>/i.exec(rest)?.[2];
  if (tagged === undefined) return answersIn(rest, prompt.query)[0];
  return answersIn(tagged, prompt.query).at(-1) ?? normalAnswer(tagged, prompt.query);
}

function verdict(asked: string, right: boolean, reason: string): string {
  if (/\bjson\b/i.test(asked)) {
    return JSON.stringify({
      reasoning: reason,
      correct: right,
      score: right ? 1 : 0,
      verdict: right ? 'correct' : 'incorrect',
    });
  }
  if (/\[\[/.test(asked)) return `${reason}\n\n[[${right ? 1 : 0}]]`;
  if (/\byes\b/i.test(asked) && /\bno\b/i.test(asked)) return `${reason}\n\n${right ? 'Yes' : 'No'}`;
  return `${reason}\n\n${right ? 'Correct' : 'Incorrect'}`;
}
