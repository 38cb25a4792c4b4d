/**
 * The tokens and the cost that one program may use. The most that a call may use is set aside before it goes out, so that the
 * ceiling is never passed; what it did use, recorded replies included, counts when it is answered.
 */
import type { HostCall, Limits } from '../../workflows/shared/program.ts';
import type { Prices } from '../llm/endpoint.ts';
import { worstCase } from '../llm/pricing.ts';
import type { CallUsage } from './journal.ts';

export interface LimitReached {
  readonly kind: 'tokenLimit' | 'costLimit';
  readonly message: string;
}

export interface Allowance {
  /** `wait`: calls under way hold what is left, and some of it may come back. */
  check(call: HostCall): 'free' | 'wait' | LimitReached;
  /** Sets the worst case aside; the function returned frees it and counts what was used. */
  take(call: HostCall): (used: CallUsage) => void;
  /** A call that the journal answers. */
  count(used: CallUsage): void;
}

interface Amount {
  readonly tokens: number;
  readonly costUsd: number;
}

const nothing: Amount = { tokens: 0, costUsd: 0 };

export function createAllowance(
  { maxTokens = Infinity, maxCostUsd = Infinity }: Pick<Limits, 'maxTokens' | 'maxCostUsd'>,
  prices: Prices,
): Allowance {
  let used = nothing;
  let reserved = nothing;

  /** Sums of small fractions are not exact: a millionth of a cent is no overrun. */
  const fits = ({ tokens, costUsd }: Amount): boolean => tokens <= maxTokens && costUsd <= maxCostUsd + 1e-8;

  const count = ({ tokensIn, tokensOut, costUsd }: CallUsage): void => {
    used = add(used, { tokens: tokensIn + tokensOut, costUsd });
  };

  return {
    count,
    check(call) {
      const needed = worstCaseOf(call, prices);
      const after = add(used, needed);
      if (after.tokens > maxTokens) {
        return {
          kind: 'tokenLimit',
          message: limitMessage('maxTokens', maxTokens, used.tokens, needed.tokens),
        };
      }
      if (!fits(after)) {
        const message = limitMessage('maxCostUsd', maxCostUsd, used.costUsd, needed.costUsd);
        return { kind: 'costLimit', message };
      }
      return fits(add(after, reserved)) ? 'free' : 'wait';
    },
    take(call) {
      const taken = worstCaseOf(call, prices);
      reserved = add(reserved, taken);
      return (usage) => {
        reserved = { tokens: reserved.tokens - taken.tokens, costUsd: reserved.costUsd - taken.costUsd };
        count(usage);
      };
    },
  };
}

/** The form in which every limit of a program is reported: its name, its value, what was used, what was asked for. */
export function limitMessage(limit: keyof Limits, max: number, used: number, asked: number): string {
  return `${limit} is ${max}: ${rounded(used)} used, and the next call may take ${rounded(asked)}`;
}

function worstCaseOf(call: HostCall, prices: Prices): Amount {
  return call.method === 'chat' ? worstCase(prices, { model: '', ...call.args }) : nothing;
}

function add(a: Amount, b: Amount): Amount {
  return { tokens: a.tokens + b.tokens, costUsd: a.costUsd + b.costUsd };
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
