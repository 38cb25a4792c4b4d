/**
 * Requests to a hub. Redirects are followed by hand: the token goes to the hub's own address only, never to the host that a redirect
 * names, and none leads from https to http.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CommandFailed } from '../errors.ts';

export interface Hub {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token?: string | undefined;
  /** Name of the variable that holds the token: for messages. */
  readonly tokenEnv: string;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds before the second attempt; doubles with each. */
  readonly pauseMs?: number;
}

const maxRedirects = 5;
export const maxAttempts = 5;

/** Throws `CommandFailed` for what another attempt does not mend; any other error may pass. `what`: for messages. */
export async function request(
  hub: Hub,
  address: string,
  what: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const home = new URL(hub.endpoint).origin;
  let url = new URL(address);
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const own = url.origin === home && hub.token !== undefined;
    const response = await fetch(url, {
      redirect: 'manual',
      headers: {
        'user-agent': 'masgpt-temporal',
        'accept-encoding': 'identity',
        ...headers,
        ...(own ? { authorization: `Bearer ${hub.token}` } : {}),
      },
      ...(hub.signal ? { signal: hub.signal } : {}),
    });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) {
      await refuse(hub, response, what);
      return response;
    }
    await response.body?.cancel();
    url = redirected(url, location, what);
  }
  throw new CommandFailed(`${what}: the hub redirects more than ${maxRedirects} times`);
}

/** Tries again after broken connections and after statuses that pass, up to `maxAttempts` times. */
export async function persistently<T>(hub: Hub, what: string, attempt: () => Promise<T>): Promise<T> {
  for (let number = 1; ; number += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof CommandFailed) throw error;
      hub.signal?.throwIfAborted();
      if (number === maxAttempts)
        throw new CommandFailed(
          `${what}: ${messageOf(error)}, ${maxAttempts} times; run the command again to go on from where it stopped`,
        );
      await delay((hub.pauseMs ?? 500) * 2 ** (number - 1), undefined, { signal: hub.signal });
    }
  }
}

function redirected(from: URL, location: string, what: string): URL {
  if (!URL.canParse(location, from.href)) throw new CommandFailed(`${what}: the hub redirects to no address`);
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && (to.protocol !== 'http:' || from.protocol === 'https:'))
    throw new CommandFailed(`${what}: the hub redirects to ${to.protocol}//${to.host}, which is refused`);
  return to;
}

async function refuse({ token, tokenEnv }: Hub, response: Response, what: string): Promise<void> {
  const { status } = response;
  if (status < 400 || status === 416) return;
  await response.body?.cancel();
  if (status === 401 || status === 403) {
    const remedy =
      token === undefined
        ? `put a token that may read it into ${tokenEnv}`
        : `the token in ${tokenEnv} may not read it`;
    throw new CommandFailed(
      `${what}: the hub answers ${status}: it is private, wants its terms accepted on its page, or does not exist; ${remedy}`,
    );
  }
  if (status === 404)
    throw new CommandFailed(
      `${what}: the hub answers 404: check the owner, the name, the revision and the path`,
    );
  if (status !== 429 && status < 500) throw new CommandFailed(`${what}: the hub answers ${status}`);
  throw new Error(`the hub answers ${status}`);
}

function messageOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
