/** Four options of which one is right: capitals, elements, continents, categories, number facts. */
import type { Random } from '../random.ts';
import type { Problem } from './problem.ts';

const capitals: readonly (readonly [string, string])[] = [
  ['France', 'Paris'],
  ['Japan', 'Tokyo'],
  ['Egypt', 'Cairo'],
  ['Peru', 'Lima'],
  ['Kenya', 'Nairobi'],
  ['Norway', 'Oslo'],
  ['Cuba', 'Havana'],
  ['Greece', 'Athens'],
  ['Chile', 'Santiago'],
  ['Ghana', 'Accra'],
  ['Nepal', 'Kathmandu'],
  ['Poland', 'Warsaw'],
  ['Austria', 'Vienna'],
  ['Portugal', 'Lisbon'],
  ['Thailand', 'Bangkok'],
  ['Hungary', 'Budapest'],
  ['Ecuador', 'Quito'],
  ['Finland', 'Helsinki'],
];
const symbols: readonly (readonly [string, string])[] = [
  ['iron', 'Fe'],
  ['gold', 'Au'],
  ['silver', 'Ag'],
  ['sodium', 'Na'],
  ['potassium', 'K'],
  ['copper', 'Cu'],
  ['lead', 'Pb'],
  ['tin', 'Sn'],
  ['mercury', 'Hg'],
  ['helium', 'He'],
  ['neon', 'Ne'],
  ['carbon', 'C'],
  ['oxygen', 'O'],
  ['calcium', 'Ca'],
  ['zinc', 'Zn'],
  ['nickel', 'Ni'],
];
const continents: readonly (readonly [string, string])[] = [
  ['Brazil', 'South America'],
  ['Nigeria', 'Africa'],
  ['India', 'Asia'],
  ['Spain', 'Europe'],
  ['Canada', 'North America'],
  ['Morocco', 'Africa'],
  ['Vietnam', 'Asia'],
  ['Sweden', 'Europe'],
  ['Bolivia', 'South America'],
  ['Mexico', 'North America'],
  ['Mongolia', 'Asia'],
  ['Italy', 'Europe'],
];
const categories: Readonly<Record<string, readonly string[]>> = {
  fruit: ['apple', 'pear', 'plum', 'cherry', 'mango', 'banana'],
  metal: ['iron', 'copper', 'zinc', 'nickel', 'tin', 'aluminium'],
  planet: ['Mars', 'Venus', 'Saturn', 'Jupiter', 'Neptune', 'Mercury'],
  mammal: ['whale', 'bat', 'horse', 'rabbit', 'seal', 'otter'],
  instrument: ['violin', 'flute', 'trumpet', 'cello', 'harp', 'drum'],
  bird: ['eagle', 'sparrow', 'penguin', 'owl', 'heron', 'swan'],
};

interface Question {
  readonly text: string;
  readonly right: string;
  readonly wrong: readonly string[];
}

const templates: readonly ((random: Random) => Question)[] = [
  (random) => fact(random, capitals, (country) => `Which city is the capital of ${country}?`),
  (random) => fact(random, symbols, (element) => `Which is the chemical symbol of ${element}?`),
  (random) => fact(random, continents, (country) => `On which continent does ${country} lie?`),
  (random) => {
    const [category, ...others] = random.shuffle(Object.keys(categories)) as [string, ...string[]];
    const right = random.pick(categories[category] ?? []);
    const wrong = others
      .slice(0, 3)
      .map((other) => random.pick((categories[other] ?? []).filter((word) => word !== right)));
    return {
      text: `Which of these is a ${category}?`.replace('a instrument', 'an instrument'),
      right,
      wrong,
    };
  },
  (random) => {
    const right = random.pick([11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71]);
    const wrong = random.shuffle([9, 15, 21, 25, 27, 33, 35, 39, 45, 49, 51, 55, 57, 63, 65, 69]).slice(0, 3);
    return {
      text: 'Which of these numbers is a prime number?',
      right: String(right),
      wrong: wrong.map(String),
    };
  },
];

export function multipleChoice(random: Random): Problem {
  const { text, right, wrong } = random.pick(templates)(random);
  const options = random.shuffle([right, ...wrong]);
  const lines = options.map((option, index) => `${letterOf(index)}) ${option}`);
  return {
    key: `${text} ${right}`,
    text: `Multiple choice: ${text}\n${lines.join('\n')}\nAnswer with one letter.`,
    gold: { kind: 'choice', letter: letterOf(options.indexOf(right)), options },
  };
}

function fact(
  random: Random,
  facts: readonly (readonly [string, string])[],
  ask: (about: string) => string,
): Question {
  const [about, right] = random.pick(facts);
  const wrong = random.shuffle(
    [...new Set(facts.map(([, other]) => other))].filter((other) => other !== right),
  );
  return { text: ask(about), right, wrong: wrong.slice(0, 3) };
}

function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}
