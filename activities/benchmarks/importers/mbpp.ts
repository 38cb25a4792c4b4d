/**
 * MBPP: `{ task_id, text, code, test_list, test_setup_code, challenge_test_list }`, or sanitized `{ prompt, test_imports, test_list }`.
 * The description does not name the function, so the query shows the first assert. The gold is all of test_list; the challenge
 * tests are no part of upstream's score and are left out. Splits go by task_id, as in the paper.
 */
import { z } from 'zod';
import { createImporter, listOf } from './importer.ts';

const row = z.object({
  task_id: z.coerce.number().int().optional(),
  text: z.string().min(1).optional(),
  prompt: z.string().min(1).optional(),
  code: z.string().optional(),
  test_list: listOf(z.string().trim().min(1)),
  test_setup_code: z.string().optional(),
  test_imports: listOf(z.string()).optional(),
});

export const mbpp = createImporter(row, (given) => {
  const { task_id: id, code, test_list: tests, test_setup_code: setup, test_imports: imports } = given;
  const text = given.text ?? given.prompt;
  const [first] = tests;
  if (text === undefined) throw new Error('text: there is neither text nor prompt');
  if (first === undefined) throw new Error('test_list: there are no tests');
  const entryPoint = calledIn(first, code ?? '');
  if (entryPoint === undefined) throw new Error('test_list: the first test calls no function');
  return {
    text: `${text.trim()}\n\nGive the whole function, with its imports, in one \`\`\`python block. It must pass tests like this one:\n\n${first}`,
    gold: {
      kind: 'code',
      entryPoint,
      form: 'asserts',
      tests,
      prelude: [...(imports ?? []), setup ?? '']
        .filter((part) => part.trim() !== '')
        .join('\n')
        .replaceAll('\r\n', '\n'),
      ...(code === undefined ? {} : { reference: code.replaceAll('\r\n', '\n') }),
    },
    ...(id === undefined ? {} : { split: splitOfTask(id) }),
  };
});

/** The first name in the test that the reference defines ("set(similar(…)) == …"); without one, the first that is called. */
function calledIn(test: string, code: string): string | undefined {
  const defined = new Set(
    [...code.matchAll(/^(?:async\s+)?(?:def|class)\s+(\w+)/gm)].map(([, name]) => name),
  );
  const called = [...test.replace(/^assert\b/, '').matchAll(/\b([A-Za-z_]\w*)\s*\(/g)].map(
    ([, name]) => name,
  );
  return called.find((name) => defined.has(name)) ?? called.find((name) => !builtIn.has(name ?? ''));
}

const builtIn = new Set(
  'not and or in is set list tuple dict str int float bool sorted sum len abs round min max any all isclose type repr'.split(
    ' ',
  ),
);

function splitOfTask(id: number): string {
  if (id <= 10) return 'prompt';
  if (id <= 510) return 'test';
  return id <= 600 ? 'validation' : 'train';
}
