/**
 * The simulated models' abilities: all numbers of the simulation that shape scores, in one place.
 *
 * P(right) = logistic(skill[model, domain] + gain[kind, domain] - difficulty[query])
 *
 * difficulty[query] is normal with mean 0 and deviation `difficultyDeviation`, by the query's id and the simulator's
 * seed. `gain` has one value per kind of prompt; `exceptions` override it where a kind suits a domain better or worse.
 */

/** What a query is about; read from its gold, which alone knows. */
export const domains = ['arithmetic', 'science', 'math', 'choice', 'code', 'knowledge'] as const;
export type Domain = (typeof domains)[number];

/**
 * The form of a prompt. plain: the query alone; steps: reasoning asked; own: the model's own answer is quoted
 * (reflection, debate); code: a code tag is asked; compute: a script that computes the answer is asked; tested: own
 * code is quoted with test results. (Deciding among listed candidates follows their majority: no P of its own.)
 */
export const kinds = ['plain', 'steps', 'own', 'code', 'compute', 'tested'] as const;
export type Kind = (typeof kinds)[number];

export type Role = 'driver' | 'refiner' | 'judge';

export const skillTable = {
  version: 1,
  difficultyDeviation: 0.8,
  models: {
    'sim-driver': {
      role: 'driver',
      skill: { arithmetic: 0.1, science: -1.3, math: -0.4, choice: -0.3, code: -0.5, knowledge: 0.4 },
    },
    'sim-refiner': {
      role: 'refiner',
      skill: { arithmetic: 2, science: 1, math: 1.5, choice: 1.5, code: 1.5, knowledge: 2 },
    },
    'sim-judge': {
      role: 'judge',
      skill: { arithmetic: 2, science: 1, math: 1.5, choice: 1.5, code: 1.5, knowledge: 2 },
    },
  },
  gain: { plain: 0, steps: 0.9, own: 0.9, code: 0.6, compute: 0.9, tested: 1.4 },
  exceptions: {
    /** A script is worth most where units and powers of ten are easily lost, and least where nothing is to be computed. */
    science: { compute: 2.4 },
    choice: { compute: -0.4, own: 2.1, steps: 0.6 },
    knowledge: { compute: -0.4, own: 1.4 },
  },
  /** Share of errors that take the query's modal wrong answer. */
  modalWrongShare: 0.6,
  /** Share of wrong scripts (kind compute) that raise instead of printing a wrong value. */
  raisingScriptShare: 0.15,
  /** P(a deciding call follows the majority of its candidates, or an execution result it is shown). */
  followsMajority: 0.95,
  /** P(a test the model writes expects the right value). */
  rightTestShare: 0.95,
  /** P(the judge's verdict is right). */
  judgeAccuracy: 0.97,
  /** What else than a good edit the refiner returns. */
  refinerFaults: { syntax: 0.06, leak: 0.04, worse: 0.1 },
} as const satisfies SkillTable;

export type ModelName = keyof typeof skillTable.models;

interface SkillTable {
  readonly version: number;
  readonly difficultyDeviation: number;
  readonly models: Readonly<
    Record<string, { readonly role: Role; readonly skill: Readonly<Record<Domain, number>> }>
  >;
  readonly gain: Readonly<Record<Kind, number>>;
  readonly exceptions: Readonly<Partial<Record<Domain, Readonly<Partial<Record<Kind, number>>>>>>;
  readonly modalWrongShare: number;
  readonly raisingScriptShare: number;
  readonly followsMajority: number;
  readonly rightTestShare: number;
  readonly judgeAccuracy: number;
  readonly refinerFaults: { readonly syntax: number; readonly leak: number; readonly worse: number };
}
