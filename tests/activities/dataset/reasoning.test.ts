/** What of a refiner's reply becomes the reasoning of a row. */
import { expect, it } from 'vitest';
import { reasoningIn } from '../../../activities/dataset/reasoning.ts';

const code = '```python\nclass MAS:\n    pass\n```';

it.each<[string, string, string]>([
  ['prose before the code', `Five agents vote. One decides.\n\n${code}`, 'Five agents vote. One decides.'],
  ['prose alone', '  One agent is enough.  ', 'One agent is enough.'],
  ['nothing after the code', `It votes.\n${code}\nI hope this helps!`, 'It votes.'],
  ['no prose at all', code, ''],
  ['an empty reply', '', ''],
  ['an indented fence', `It votes.\n  ${code}`, 'It votes.'],
  [
    'a fence in the middle of a line is prose',
    'Answer in a ```python block. It votes.',
    'Answer in a ```python block. It votes.',
  ],
  [
    'no word of an earlier version',
    'It votes. Unlike the original program, it debates! The base MAS stays. So it is robust.',
    'It votes. So it is robust.',
  ],
  ['in any case', 'The Existing System is kept. It votes.', 'It votes.'],
  ['originality as such may be spoken of', 'An original idea helps.', 'An original idea helps.'],
  [
    'thoughts are left out, with what they try',
    `<think>The given program is weak.\n${code}\nThe answer is 42.</think>\nIt votes.\n${code}`,
    'It votes.',
  ],
])('%s', (_name, reply, reasoning) => {
  expect(reasoningIn(reply)).toBe(reasoning);
});
