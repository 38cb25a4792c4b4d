/** The program that runs after an attack: it must answer, and find what a program found before the attack. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Sandbox } from '../../../activities/sandbox/sandbox.ts';
import { runProgram } from '../../support/sandbox.ts';

const fingerprint = readFileSync(new URL('programs/fingerprint.py', import.meta.url), 'utf8');

export async function whatAProgramFinds(sandbox: Sandbox): Promise<unknown> {
  const { outcome } = await runProgram(sandbox, fingerprint, { query: 'next' });
  expect(outcome.status, JSON.stringify(outcome)).toBe('answered');
  const answer = outcome.status === 'answered' ? outcome.answer : '';
  // What it was answered comes first: its call was heard.
  expect(answer.startsWith('still{')).toBe(true);
  return JSON.parse(answer.slice('still'.length));
}
