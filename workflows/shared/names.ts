/** Names are the only references an input may carry: no paths, URLs or commands (docs/security.md). */
import { z } from 'zod';

export const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
export const nameSchema = z
  .string()
  .regex(namePattern, 'a name: a-z, 0-9, ".", "_" and "-", at most 64 characters');

/** Lower-case hex SHA-256: the address of a blob, and the identity of a program, query set or plan. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'a lower-case hex sha256');
