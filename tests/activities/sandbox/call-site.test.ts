/** Every host call says through which lines of the program it was made, across threads, pools and tasks. */
import { expect, it } from 'vitest';
import { runProgram, testSandbox } from '../../support/sandbox.ts';

const sandbox = await testSandbox();

const source = `from utils import *

def deep(llm, n):
    return llm.call_llm('deep') if n == 0 else deep(llm, n - 1)

class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def ask(self, prompt):
        return self.llm.call_llm(prompt)

    async def later(self, prompt):
        return await asyncio.to_thread(self.ask, prompt)

    async def together(self):
        return await asyncio.gather(
            *(self.later(p) for p in ['task'])
        )

    def forward(self, taskInfo):
        self.llm.call_llm(
            'plain')
        self.ask('helper')
        [
            self.ask(p)
            for p in ['list']
        ]
        ','.join(self.ask(p) for p in ['generator'])
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda p: self.ask(p), ['pool']))
            pool.submit(self.ask, 'submitted').result()
        thread = threading.Thread(target=self.ask, args=('thread',))
        thread.start()
        thread.join()
        asyncio.run(self.together())
        get_function_signature(self.llm, 'library')
        deep(self.llm, 50)
        return 'x'
`;

it('names the lines', async () => {
  const { outcome, calls } = await runProgram(sandbox, source);
  expect(outcome).toMatchObject({ status: 'answered' });
  const sites = calls.map(({ call, site }) => {
    const prompt = call.method === 'chat' ? (call.args.messages[0]?.content ?? '') : '';
    return [/Task:\nlibrary/.test(prompt) ? 'library' : prompt, site];
  });
  expect(Object.fromEntries(sites)).toEqual({
    plain: [22],
    helper: [11, 24],
    list: [11, 26],
    generator: [11, 29],
    pool: [11, 31, 31],
    submitted: [11, 32],
    thread: [11, 34],
    task: [11, 14, 17, 36],
    library: [37],
    deep: Array.from({ length: 12 }, () => 4),
  });
});
