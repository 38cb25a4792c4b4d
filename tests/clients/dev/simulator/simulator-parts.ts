/** A simulator in this process, asked over HTTP as any caller asks it. */
import { startSimulator, type Simulator } from '../../../../clients/dev/simulator/server.ts';
import { settingsFrom, type SimulatorSettings } from '../../../../clients/dev/simulator/settings.ts';
import type { Query } from '../../../../workflows/shared/query.ts';

export const token = 'only-for-operators';

export interface AskOptions {
  readonly model?: string;
  readonly seed?: number;
}

export interface SimulatorParts extends AsyncDisposable {
  readonly url: string;
  readonly simulator: Simulator;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  addKey(queries: readonly Query[]): Promise<Response>;
  ask(prompt: string, options?: AskOptions): Promise<string>;
}

export async function simulatorParts(settings: Partial<SimulatorSettings> = {}): Promise<SimulatorParts> {
  const simulator = await startSimulator({ ...settingsFrom({}), token, ...settings });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${simulator.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return {
    url: simulator.url,
    simulator,
    post,
    addKey: (queries) => post('/key', queries, { authorization: `Bearer ${token}` }),
    async ask(prompt, { model = 'sim-driver', seed = 0 } = {}) {
      const response = await post('/v1/chat/completions', chat(prompt, { model, seed }));
      const body = (await response.json()) as { choices: { message: { content: string } }[] };
      return body.choices[0]?.message.content ?? '';
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

export function chat(content: string, options: AskOptions & { readonly stream?: boolean } = {}): unknown {
  const { model = 'sim-driver', seed = 0, stream = false } = options;
  return { model, seed, stream, messages: [{ role: 'user', content }] };
}

/** What a reply states as its answer. */
export function stated(reply: string): string {
  return /Final answer: (?:\\boxed\{)?([^\n}]+)/i.exec(reply)?.[1] ?? '';
}
