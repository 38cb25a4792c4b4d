/**
 * Webhooks: one POST of a notice as JSON to a target that the worker's config names. No redirect is followed, and a private address
 * is spoken to only where the config says so, whatever a name resolves to at that moment. At least once: receivers tell by `id`.
 */
import { lookup as resolveName } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import type { OperatorNotice } from '../../workflows/training/contract.ts';
import { webhookJson } from '../../workflows/shared/encode/webhook.ts';
import { failure } from '../failure.ts';

export interface NoticeTarget {
  /** Read when a notice is sent; undefined where the variable is not set. The address is a secret. */
  readonly readUrl: () => string | undefined;
  /** Name of the variable that holds the address: for messages. */
  readonly urlEnv: string;
  /** Absent = every event. */
  readonly events?: readonly string[] | undefined;
  /** Loopback and private networks, and plain http. */
  readonly allowPrivate: boolean;
}

/** Throws `Notice.Undelivered` (retried) or `Input.Invalid`. Messages never hold the address. */
export type DeliverNotice = (target: string, notice: OperatorNotice, signal?: AbortSignal) => Promise<void>;

const timeoutMs = 15_000;

export function createDeliverNotice(targets: Readonly<Record<string, NoticeTarget>>): DeliverNotice {
  const everywhere = new Agent({ headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  const publicOnly = new Agent({
    ...{ headersTimeout: timeoutMs, bodyTimeout: timeoutMs },
    connect: { lookup: lookupPublic },
  });
  return async (name, notice, signal) => {
    const target = Object.hasOwn(targets, name) ? targets[name] : undefined;
    if (!target) throw failure('Input.Invalid', `the config names no target ${name} of notices`);
    if (target.events && !target.events.includes(notice.event)) return;
    const url = addressOf(name, target);
    const timeout = AbortSignal.timeout(timeoutMs);
    const { statusCode, headers, body } = await request(url, {
      dispatcher: target.allowPrivate ? everywhere : publicOnly,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': notice.id,
        'user-agent': 'masgpt-temporal',
      },
      body: webhookJson(notice),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    }).catch((error: unknown) => {
      throw undelivered(name, error);
    });
    await body.dump({ limit: 64 * 1024 }).catch(() => {});
    if (statusCode >= 200 && statusCode < 300) return;
    if (statusCode === 408 || statusCode === 429 || statusCode >= 500) {
      const afterS = Number(headers['retry-after']);
      const delay =
        Number.isFinite(afterS) && afterS > 0 ? { nextRetryDelayMs: 1_000 * Math.min(afterS, 600) } : {};
      throw failure('Notice.Undelivered', `target ${name} answers ${statusCode}`, delay);
    }
    throw failure(
      'Input.Invalid',
      `target ${name} answers ${statusCode}: check the address in ${target.urlEnv}`,
    );
  };
}

function addressOf(name: string, { readUrl, urlEnv, allowPrivate }: NoticeTarget): URL {
  const text = readUrl();
  if (!text) throw failure('Input.Invalid', `target ${name} needs its address in ${urlEnv} of the worker`);
  if (!URL.canParse(text)) throw failure('Input.Invalid', `${urlEnv} holds no address for target ${name}`);
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowPrivate))
    throw failure('Input.Invalid', `target ${name}: https is expected, or http with allowPrivate`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // A literal address is never looked up.
  if (!allowPrivate && isIP(host) && isPrivate(host)) throw privateAddress(name);
  return url;
}

const blocked = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  blocked.addSubnet(network, bits, 'ipv4');
// Only global unicast is public; of it, addresses that carry a version 4 one are not told apart.
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');
for (const [network, bits] of [
  ['2001::', 32],
  ['2001:db8::', 32],
  ['2002::', 16],
] as const)
  blocked.addSubnet(network, bits, 'ipv6');

/** RFC 6890: not reachable from everywhere. */
export function isPrivate(address: string): boolean {
  if (!isIPv6(address)) return blocked.check(address, 'ipv4');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return blocked.check(mapped, 'ipv4');
  return !globalUnicast.check(address, 'ipv6') || blocked.check(address, 'ipv6');
}

/** Checks the very addresses that are connected to. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0);
    const [first] = addresses;
    if (!first || addresses.some(({ address }) => isPrivate(address)))
      return callback(Object.assign(new Error('a private address'), { code: privateCode }), '', 0);
    if (options.all) return callback(null, addresses);
    return callback(null, first.address, first.family);
  });
};

const privateCode = 'EPRIVATE';

function undelivered(name: string, error: unknown): Error {
  const { code } = error as { code?: unknown };
  if (code === privateCode) return privateAddress(name);
  // Names of errors alone: their texts may hold the address.
  const what = typeof code === 'string' ? code : error instanceof Error ? error.name : 'an error';
  return failure('Notice.Undelivered', `target ${name} was not reached: ${what}`);
}

function privateAddress(name: string): Error {
  return failure(
    'Input.Invalid',
    `target ${name} is at a private address: the config allows it with training.notify.${name}.allowPrivate`,
  );
}
