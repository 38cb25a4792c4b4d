/** numpy, pandas and matplotlib as a worker brings them, in tests: the real environment, installed once per cache. */
import type { Science } from '../../activities/sandbox/open-science.ts';
import { configSchema } from '../../workers/config/schema.ts';
import { scienceOf } from '../../workers/host/science.ts';

const science = await scienceOf(configSchema.parse({}), { note: () => {} });

export function testScience(): Science {
  if (!science) throw new Error('libraries are on by default');
  return science;
}
