/** Python functions over a list of integers, with tests and a reference solution; edge cases are among the tests. */
import type { Random } from '../random.ts';
import type { Problem } from './problem.ts';

type Value = number | readonly number[] | readonly (readonly number[])[];

interface Template {
  readonly name: (k: number) => string;
  /** Ends the sentence "a Python function … that". */
  readonly does: (k: number) => string;
  /** Body of the function, indented by four. */
  readonly body: (k: number) => string;
  readonly solve: (numbers: readonly number[], k: number) => Value;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const descending = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => b - a);

const templates: readonly Template[] = [
  {
    name: (k) => `sum_multiples_of_${k}`,
    does: (k) => `returns the sum of the numbers in the list that are divisible by ${k}`,
    body: (k) => `return sum(n for n in numbers if n % ${k} == 0)`,
    solve: (numbers, k) => sum(numbers.filter((n) => n % k === 0)),
  },
  {
    name: (k) => `count_above_${k}`,
    does: (k) => `counts how many numbers in the list are greater than ${k}`,
    body: (k) => `return sum(1 for n in numbers if n > ${k})`,
    solve: (numbers, k) => numbers.filter((n) => n > k).length,
  },
  {
    name: (k) => `every_${k}th`,
    does: (k) => `returns a list of every ${k}-th element, beginning with the first`,
    body: (k) => `return numbers[::${k}]`,
    solve: (numbers, k) => numbers.filter((_, index) => index % k === 0),
  },
  {
    name: (k) => `rotate_left_${k}`,
    does: (k) => `returns the list rotated to the left by ${k} positions`,
    body: (k) =>
      `if not numbers:\n        return []\n    shift = ${k} % len(numbers)\n    return numbers[shift:] + numbers[:shift]`,
    solve: (numbers, k) => numbers.map((_, index) => numbers[(index + k) % numbers.length] as number),
  },
  {
    name: (k) => `largest_${k}`,
    does: (k) =>
      `returns the ${k} largest numbers of the list in descending order (all of them if there are fewer)`,
    body: (k) => `return sorted(numbers, reverse=True)[:${k}]`,
    solve: (numbers, k) => descending(numbers).slice(0, k),
  },
  {
    name: (k) => `chunks_of_${k}`,
    does: (k) => `splits the list into consecutive lists of ${k} elements, the last of which may be shorter`,
    body: (k) => `return [numbers[i:i + ${k}] for i in range(0, len(numbers), ${k})]`,
    solve: (numbers, k) =>
      Array.from({ length: Math.ceil(numbers.length / k) }, (_, index) =>
        numbers.slice(index * k, index * k + k),
      ),
  },
  {
    name: (k) => `pairs_with_sum_${k}`,
    does: (k) => `counts the pairs of positions i < j whose two numbers add up to ${k}`,
    body: (k) =>
      `count = 0\n    for i in range(len(numbers)):\n        for j in range(i + 1, len(numbers)):\n            if numbers[i] + numbers[j] == ${k}:\n                count += 1\n    return count`,
    solve: (numbers, k) =>
      sum(numbers.map((n, index) => numbers.slice(index + 1).filter((other) => n + other === k).length)),
  },
  {
    name: (k) => `scale_positive_by_${k}`,
    does: (k) =>
      `returns a list in which every positive number is multiplied by ${k} and all others are left as they are`,
    body: (k) => `return [n * ${k} if n > 0 else n for n in numbers]`,
    solve: (numbers, k) => numbers.map((n) => (n > 0 ? n * k : n)),
  },
  {
    name: (k) => `running_total_from_${k}`,
    does: (k) =>
      `returns the list of running totals, starting from ${k} (so the first entry is ${k} plus the first number)`,
    body: (k) =>
      `totals = []\n    total = ${k}\n    for n in numbers:\n        total += n\n        totals.append(total)\n    return totals`,
    solve: (numbers, k) => numbers.map((_, index) => k + sum(numbers.slice(0, index + 1))),
  },
  {
    name: (k) => `clamp_to_${k}`,
    does: (k) =>
      `returns the list with every number above ${k} replaced by ${k} and every number below -${k} replaced by -${k}`,
    body: (k) => `return [max(-${k}, min(${k}, n)) for n in numbers]`,
    solve: (numbers, k) => numbers.map((n) => Math.max(-k, Math.min(k, n))),
  },
];

const openings = [
  (call: string, does: string) =>
    `Write a Python function \`${call}\` that ${does}. The argument is a list of integers.`,
  (call: string, does: string) =>
    `Implement in Python: \`${call}\`, a function that takes a list of integers and ${does}.`,
  (call: string, does: string) =>
    `Python task: define \`${call}\`, where numbers is a list of integers. The function ${does}.`,
];

export function listFunction(random: Random): Problem {
  const template = random.pick(templates);
  const k = random.between(2, 20);
  const entryPoint = template.name(k);
  const inputs = [[], [k], ...Array.from({ length: 4 }, () => integers(random))];
  return {
    key: entryPoint,
    text: random.pick(openings)(`${entryPoint}(numbers)`, template.does(k)),
    gold: {
      kind: 'code',
      entryPoint,
      form: 'asserts',
      tests: inputs.map(
        (input) => `assert ${entryPoint}(${python(input)}) == ${python(template.solve(input, k))}`,
      ),
      prelude: '',
      reference: `def ${entryPoint}(numbers):\n    ${template.body(k)}`,
    },
  };
}

function integers(random: Random): number[] {
  return Array.from({ length: random.between(3, 9) }, () => random.between(-12, 24));
}

function python(value: Value): string {
  return JSON.stringify(value).replaceAll(',', ', ');
}
