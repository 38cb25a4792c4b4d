/** One mapping per boundary: whatever was thrown becomes an `ApplicationFailure` of a type from the one table. */
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { type FailureType, failureTypes } from '../workflows/shared/failure-types.ts';

export interface FailureOptions {
  readonly nextRetryDelayMs?: number;
  readonly cause?: unknown;
  /** Counts, names and links only: the UI sends details in its addresses. */
  readonly details?: readonly unknown[];
}

/** A failure of the table. `message` says what to do. All are expected, hence BENIGN: they do not alarm metrics or logs. */
export function failure(
  type: FailureType,
  message: string,
  options: FailureOptions = {},
): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !failureTypes[type].retryable,
    category: ApplicationFailureCategory.BENIGN,
    ...(options.nextRetryDelayMs === undefined ? {} : { nextRetryDelay: options.nextRetryDelayMs }),
    ...(options.cause instanceof Error ? { cause: options.cause } : {}),
    ...(options.details === undefined ? {} : { details: [...options.details] }),
  });
}

export function isFailure(thrown: unknown, type?: FailureType): thrown is ApplicationFailure {
  return thrown instanceof ApplicationFailure && (type === undefined || thrown.type === type);
}
