/**
 * The one mapping from what an endpoint did to a failure of the table. No prompt and no key gets into a message, and no
 * provider's error is attached as a cause: both would reach Temporal's history.
 */
import type { ApplicationFailure } from '@temporalio/common';
import { APIConnectionError, APIError } from 'openai';
import type { FailureType } from '../../workflows/shared/failure-types.ts';
import { failure } from '../failure.ts';
import type { Endpoint } from './endpoint.ts';

/** What the call service does about a failed sending. */
export interface SendFailure {
  readonly failure: ApplicationFailure;
  /** The provider refused before working: nothing can have been billed. */
  readonly unsent: boolean;
  /** From Retry-After; the whole model pauses for it after a 429. */
  readonly retryAfterMs: number | undefined;
}

const maxRetryAfterMs = 3_600_000;

/** `timedOut`: our own deadline ended the request. */
export function toSendFailure(
  error: unknown,
  endpoint: Endpoint,
  key: string | undefined,
  timedOut: boolean,
): SendFailure {
  const where = `model ${endpoint.name}`;
  if (timedOut) {
    return made(
      'Llm.Timeout',
      `${where} gave no answer within ${endpoint.timeoutMs} ms: raise timeoutMs or check its load`,
    );
  }
  if (!(error instanceof APIError))
    return made('Llm.Unavailable', `${where}: ${clean(messageOf(error), key)}`);
  if (error.status === undefined) {
    const code = codeOf(error.cause);
    // What failed before a connection stood was never sent.
    const unsent =
      error instanceof APIConnectionError && ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes(code);
    return made('Llm.Unavailable', `${where} cannot be reached${code && ` (${code})`}: check its baseUrl`, {
      unsent,
    });
  }
  const said = clean(saidBy(error), key);
  const retryAfterMs = retryAfterOf(error.headers);
  const unsent = error.status < 500;
  switch (error.status) {
    case 401:
    case 403:
      return made(
        'Llm.Unauthorized',
        `${where} refuses the key: correct the variable its config names. ${said}`,
        { unsent },
      );
    case 404:
      return made('Llm.BadRequest', `${where}: its server knows no "${endpoint.model}" at baseUrl. ${said}`, {
        unsent,
      });
    case 408:
      return made('Llm.Timeout', `${where}: its server gave up. ${said}`, { retryAfterMs });
    case 429:
      if (error.code === 'insufficient_quota') {
        return made('Llm.Unauthorized', `${where}: the account's quota is used up. ${said}`, { unsent });
      }
      return made('Llm.RateLimited', `${where} is at its rate limit: retried by itself. ${said}`, {
        unsent,
        retryAfterMs,
      });
    case 409:
    case 425:
      return made('Llm.Unavailable', `${where} asks to come again. ${said}`, { unsent, retryAfterMs });
  }
  if (error.status >= 500)
    return made('Llm.Unavailable', `${where} failed with status ${error.status}. ${said}`, { retryAfterMs });
  if (error.status < 400) {
    return made('Llm.BadRequest', `${where} redirects elsewhere: put the final address into baseUrl`, {
      unsent,
    });
  }
  if (isContextTooLong(error, said)) {
    return made('Llm.ContextTooLong', `${where}: the prompt does not fit its context. ${said}`, { unsent });
  }
  return made('Llm.BadRequest', `${where} refuses the request (status ${error.status}): ${said}`, { unsent });
}

/** A reply that came but is none: `reason` says what is wrong with it. */
export function badReply(endpoint: Endpoint, reason: string): SendFailure {
  return made('Llm.BadReply', `model ${endpoint.name} sent ${reason}: retried by itself`);
}

function made(
  type: FailureType,
  message: string,
  options: { readonly unsent?: boolean; readonly retryAfterMs?: number | undefined } = {},
): SendFailure {
  const { unsent = false, retryAfterMs } = options;
  const delay = retryAfterMs === undefined ? {} : { nextRetryDelayMs: retryAfterMs };
  return { failure: failure(type, message.trim(), delay), unsent, retryAfterMs };
}

/** `retry-after-ms`, or Retry-After in seconds or as a date. */
function retryAfterOf(headers: Headers | undefined): number | undefined {
  const inMs = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (inMs >= 0) return Math.min(inMs, maxRetryAfterMs);
  const value = headers?.get('retry-after');
  if (!value) return undefined;
  const seconds = Number(value);
  const delay = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(delay) ? Math.min(Math.max(delay, 0), maxRetryAfterMs) : undefined;
}

function isContextTooLong(error: APIError, said: string): boolean {
  if (error.code === 'context_length_exceeded' || error.status === 413) return true;
  return /context (length|window)|maximum context|too many tokens|prompt is too long/i.test(said);
}

/** The provider's own words; a body that is no JSON says nothing worth showing. */
function saidBy(error: APIError): string {
  const body: unknown = error.error;
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  return typeof message === 'string' ? message : '';
}

/** Some servers quote the key they refuse. */
function clean(text: string, key: string | undefined): string {
  const hidden = key ? text.replaceAll(key, '[key]') : text;
  return hidden.replace(/\p{Cc}+/gu, ' ').slice(0, 300);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? codeOf(error.cause) : '';
}
