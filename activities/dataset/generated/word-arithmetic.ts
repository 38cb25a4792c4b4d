/** Word problems of everyday arithmetic: two to four steps, whole numbers. */
import type { Random } from '../random.ts';
import { numberProblem, type Problem } from './problem.ts';

const people = [
  'Ada',
  'Bruno',
  'Chen',
  'Dalia',
  'Emil',
  'Farah',
  'Goran',
  'Hana',
  'Ines',
  'Jonas',
  'Kaya',
  'Liam',
  'Mona',
  'Nils',
];
const things = [
  'apples',
  'pencils',
  'stamps',
  'marbles',
  'tickets',
  'books',
  'coins',
  'shells',
  'cards',
  'buttons',
];
const boxes = ['boxes', 'bags', 'baskets', 'crates', 'trays'];

type Template = (random: Random, name: string, thing: string) => Problem;

const templates: readonly Template[] = [
  (random, name, thing) => {
    const [count, each, more, lost] = [
      random.between(3, 12),
      random.between(4, 15),
      random.between(5, 30),
      random.between(2, 11),
    ];
    const box = random.pick(boxes);
    return numberProblem(
      `${name} has ${count} ${box} with ${each} ${thing} in each. A friend gives ${name} ${more} more ${thing}, and then ${lost} of them get lost. How many ${thing} does ${name} have now?`,
      count * each + more - lost,
    );
  },
  (random, name, thing) => {
    const [price, count, change] = [random.between(2, 9), random.between(3, 12), random.between(1, 40)];
    return numberProblem(
      `At the market ${name} buys ${count} ${thing} for $${price} each and pays with $${price * count + change}. How many dollars of change does ${name} get back?`,
      change,
    );
  },
  (random, name, thing) => {
    const [wage, hours, days, price] = [
      random.between(9, 20),
      random.between(3, 8),
      random.between(2, 6),
      random.between(10, 50),
    ];
    return numberProblem(
      `${name} earns $${wage} an hour and works ${hours} hours a day for ${days} days. Then ${name} spends $${price} on ${thing}. How many dollars are left?`,
      wage * hours * days - price,
    );
  },
  (random, name, thing) => {
    const [friends, each, rest] = [random.between(3, 9), random.between(4, 14), random.between(0, 2)];
    return numberProblem(
      `${name} shares ${friends * each + rest} ${thing} equally among ${friends} friends and keeps what cannot be shared, which is ${rest}. How many ${thing} does each friend get?`,
      each,
    );
  },
  (random, name, thing) => {
    const [rows, perRow, broken] = [random.between(4, 12), random.between(5, 16), random.between(3, 15)];
    return numberProblem(
      `A shelf has ${rows} rows with ${perRow} ${thing} in every row. ${name} takes away ${broken} and puts half of those back later, rounded down. How many ${thing} are on the shelf in the end?`,
      rows * perRow - broken + Math.floor(broken / 2),
    );
  },
  (random, name, thing) => {
    const [first, factor, third] = [random.between(10, 30), random.between(2, 4), random.between(3, 20)];
    return numberProblem(
      `On Monday ${name} collects ${first} ${thing}, on Tuesday ${factor} times as many, and on Wednesday ${third} fewer than on Tuesday. How many ${thing} does ${name} collect in total over the three days?`,
      first + first * factor + (first * factor - third),
    );
  },
  (random, name, thing) => {
    const [weekly, weeks, gift, short] = [
      random.between(3, 15),
      random.between(4, 12),
      random.between(10, 40),
      random.between(3, 30),
    ];
    return numberProblem(
      `${name} saves $${weekly} every week for ${weeks} weeks and gets $${gift} as a present. A set of ${thing} costs $${weekly * weeks + gift + short}. How many dollars does ${name} still need?`,
      short,
    );
  },
  (random, name, thing) => {
    const [packs, size, eaten] = [random.between(3, 10), random.between(6, 12), random.between(2, 5)];
    return numberProblem(
      `${name} and two neighbours order ${packs} packs of ${size} ${thing} each. Every one of the three gives away ${eaten}. How many ${thing} do they have together after that?`,
      packs * size - 3 * eaten,
    );
  },
];

export function wordArithmetic(random: Random): Problem {
  return random.pick(templates)(random, random.pick(people), random.pick(things));
}
