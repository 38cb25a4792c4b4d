/**
 * Synthetic rows of a dataset in the export's form (chat JSON lines): eight groups of queries in four kinds, each group
 * with its own program of 20 to 60 lines and a reasoning. Deterministic by seed; unseen queries by another seed.
 */

interface SftGroup {
  readonly kind: string;
  readonly program: string;
  readonly reasoning: string;
  query(random: () => number): string;
}

export interface SftRow {
  readonly messages: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[];
  /** The program that the query's group calls for. */
  readonly program: string;
}

export function sftRows(count: number, seed: number): SftRow[] {
  const random = mulberry(seed);
  return Array.from({ length: count }, (_, index) => {
    const group = groups[index % groups.length] as SftGroup;
    const query = group.query(random);
    const content = `${group.reasoning}\n\n\`\`\`python\n${group.program}\`\`\``;
    return {
      messages: [
        { role: 'system', content: systemPrompt },
        { role: 'user', content: query },
        { role: 'assistant', content },
      ],
      program: group.program,
    };
  });
}

/** As the dataset's export writes them: one row per line, `messages` alone. */
export function sftJsonl(count: number, seed: number): string {
  return sftRows(count, seed)
    .map((row) => `${JSON.stringify({ messages: row.messages })}\n`)
    .join('');
}

function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const pick = <T>(random: () => number, items: readonly T[]): T =>
  items[Math.floor(random() * items.length)] as T;
const between = (random: () => number, low: number, high: number) =>
  low + Math.floor(random() * (high - low + 1));

const names = [
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
];
const things = ['apples', 'pencils', 'stamps', 'marbles', 'tickets', 'books', 'coins', 'shells'];

const systemPrompt = `You design multi-agent systems. For the user's query, first explain in a few sentences which structure suits it, then write the system as one Python program in a \`\`\`python block.

The program starts with \`from utils import *\` and defines one class MAS:

class MAS:
    def __init__(self, model_list):
        self.model_list = model_list

    def forward(self, taskInfo):
        llm = LLM(self.model_list)
        return llm.call_llm(taskInfo)

LLM(model_list).call_llm(prompt, temperature=0.5) returns the reply as a string. execute_code(code) runs Python and returns its output; test_code_get_feedback(code, tests) returns how many tests pass.
forward returns the final answer as a string.`;

function head(body: string): string {
  return `from utils import *\n\nclass MAS:\n    def __init__(self, model_list):\n        self.model_list = model_list\n\n    def forward(self, taskInfo):\n        llm = LLM(self.model_list)\n${body}`;
}

function ensemble(expert: string, count: number, judge: string): string {
  return head(`        answers = []
        for index in range(${count}):
            prompt = f"""You are ${expert}.
Solve the task step by step and give the final answer in a box.
Task:
{taskInfo}
"""
            answers.append(llm.call_llm(prompt, temperature=0.8))
        listing = ""
        for index, answer in enumerate(answers):
            listing += f"Candidate {index + 1}:\\n{answer}\\n\\n"
        prompt = f"""You are ${judge}.
Compare the candidates below and write the best final answer.
Task:
{taskInfo}
{listing}
"""
        return llm.call_llm(prompt, temperature=0.0)
`);
}

function refine(expert: string, critic: string, rounds: number): string {
  return head(`        prompt = f"""You are ${expert}.
Solve the task and show your work.
Task:
{taskInfo}
"""
        draft = llm.call_llm(prompt)
        for step in range(${rounds}):
            review = llm.call_llm(f"""You are ${critic}.
Name every error in this solution, or say CORRECT.
Task:
{taskInfo}
Solution:
{draft}
""")
            if "CORRECT" in review:
                break
            draft = llm.call_llm(f"""You are ${expert}.
Improve your solution with this review.
Task:
{taskInfo}
Solution:
{draft}
Review:
{review}
""")
        return draft
`);
}

function coder(role: string, attempts: number): string {
  return head(`        prompt = f"""You are ${role}.
Write a Python function for the task. Answer with the code alone inside <Code Solution> tags.
Task:
{taskInfo}
"""
        response, code = generate_and_extract_code(llm, prompt)
        tests = get_test_cases(taskInfo)
        best = code
        for attempt in range(${attempts}):
            passed, feedback = test_code_get_feedback(code, tests)
            if passed == len(tests):
                best = code
                break
            prompt = f"""You are ${role}.
Your code fails some tests. Repair it.
Task:
{taskInfo}
Code:
{code}
Feedback:
{feedback}
"""
            response, code = generate_and_extract_code(llm, prompt)
            best = code
        return best
`);
}

function panel(experts: readonly string[], chair: string): string {
  const list = experts.map((expert) => `            "${expert}",\n`).join('');
  return head(`        experts = [
${list}        ]
        opinions = []
        for expert in experts:
            prompt = f"""You are {expert}.
Which option is right, and why? Finish with the letter.
{taskInfo}
"""
            opinions.append(f"{expert}: " + llm.call_llm(prompt))
        discussion = "\\n".join(opinions)
        revised = []
        for expert in experts:
            prompt = f"""You are {expert}.
Here is what the panel said:
{discussion}
Keep or change your choice. Finish with the letter.
{taskInfo}
"""
            revised.append(f"{expert}: " + llm.call_llm(prompt))
        verdicts = "\\n".join(revised)
        return llm.call_llm(f"""You are ${chair}.
State the letter that the panel should answer.
{taskInfo}
{verdicts}
""", temperature=0.0)
`);
}

const groups: readonly SftGroup[] = [
  {
    kind: 'word',
    reasoning:
      'This is a word problem with a few arithmetic steps. Single slips are likely, so five independent solvers and one judge fit it.',
    program: ensemble('a careful arithmetic teacher', 5, 'a senior arithmetic teacher'),
    query: (random) => {
      const [name, other, thing] = [pick(random, names), pick(random, names), pick(random, things)];
      return `${name} has ${between(random, 3, 99)} ${thing} and buys ${between(random, 2, 12)} bags with ${between(random, 2, 20)} ${thing} each. ${other} takes ${between(random, 1, 9)} of them. How many ${thing} does ${name} have now?`;
    },
  },
  {
    kind: 'word',
    reasoning:
      'The query asks for a total price with a discount. A draft with a critic who checks percentages fits it.',
    program: refine('an accountant', 'an auditor of percentages', 2),
    query: (random) =>
      `A shop sells ${pick(random, things)} for ${between(random, 2, 50)} dollars apiece. ${pick(random, names)} orders ${between(random, 2, 40)} of them with a discount of ${between(random, 5, 60)} percent. What is the total price in dollars?`,
  },
  {
    kind: 'list',
    reasoning:
      'A function over a list has to be written and can be tested. A programmer who repairs the code by its tests fits it.',
    program: coder('an experienced Python programmer', 3),
    query: (random) =>
      `Write a function ${pick(random, ['pick', 'keep', 'collect', 'select'])}_${pick(random, ['large', 'small', 'even', 'odd'])}(values) that returns the list of all items of values that are ${pick(random, ['greater', 'smaller'])} than ${between(random, 1, 99)}.`,
  },
  {
    kind: 'list',
    reasoning: 'The function sorts by a key, where off-by-one errors hide. More rounds of repair fit it.',
    program: coder('a specialist for sorting algorithms', 5),
    query: (random) =>
      `Write a function sort_${pick(random, ['words', 'pairs', 'rows', 'names'])}(items) that sorts the list items by ${pick(random, ['length', 'last letter', 'second field', 'digit sum'])}, ${pick(random, ['ascending', 'descending'])}, and keeps at most ${between(random, 2, 30)} of them.`,
  },
  {
    kind: 'physics',
    reasoning: 'A physical quantity with units is asked. A physicist with a reviewer of units fits it.',
    program: refine('a physicist who writes every unit', 'a reviewer of units and powers of ten', 3),
    query: (random) =>
      `A body of mass ${between(random, 1, 90)} kg moves at ${between(random, 1, 60)} m/s and is braked over ${between(random, 2, 200)} m. What mean force in N is needed?`,
  },
  {
    kind: 'physics',
    reasoning: 'An electrical quantity follows from one law. Three solvers and a judge are enough.',
    program: ensemble('an electrical engineer', 3, 'a professor of electrical engineering'),
    query: (random) =>
      `A resistor of ${between(random, 2, 900)} ohm carries a current of ${between(random, 1, 30)} ampere for ${between(random, 1, 60)} seconds. How much energy in joule becomes heat?`,
  },
  {
    kind: 'choice',
    reasoning:
      'A choice question about nature needs knowledge from several fields. A panel of scientists fits it.',
    program: panel(['a biologist', 'a chemist', 'a geologist'], 'the chair of a science panel'),
    query: (random) =>
      `Which ${pick(random, ['organ', 'cell part', 'gas', 'mineral', 'plant'])} is ${pick(random, ['most important for', 'found first in', 'produced by', 'destroyed by'])} ${pick(random, ['digestion', 'photosynthesis', 'erosion', 'respiration', 'growth'])}?\nA) option ${between(random, 10, 99)}\nB) option ${between(random, 10, 99)}\nC) option ${between(random, 10, 99)}\nD) option ${between(random, 10, 99)}`,
  },
  {
    kind: 'choice',
    reasoning:
      'A choice question about law and history depends on dates. A panel of humanities scholars fits it.',
    program: panel(
      ['a historian', 'a lawyer', 'a linguist', 'an archivist'],
      'the chair of a humanities panel',
    ),
    query: (random) =>
      `In which ${pick(random, ['year', 'century', 'treaty', 'court'])} was the ${pick(random, ['law', 'border', 'tax', 'charter', 'school'])} of ${pick(random, ['Riga', 'Lisbon', 'Kyoto', 'Quito', 'Cairo'])} ${pick(random, ['changed', 'founded', 'repealed', 'confirmed'])}?\nA) ${between(random, 1200, 1900)}\nB) ${between(random, 1200, 1900)}\nC) ${between(random, 1200, 1900)}\nD) ${between(random, 1200, 1900)}`,
  },
];
