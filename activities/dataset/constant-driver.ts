/**
 * The driver of a control: every reply is the same sentence, with no number, letter or word of an answer in it. A program that is
 * right with it did not get its answer from its agents. Costs nothing; its executions are stored under a name no model can have.
 */
import type { CallService } from '../llm/chat.ts';

export const constantDriver = 'control:constant-reply';
export const constantReply = 'I cannot say anything about this.';

const usage = { tokensIn: 0, tokensCached: 0, tokensOut: 0 } as const;

export const constantCalls: CallService = {
  call: async () => ({
    reply: { text: constantReply, finishReason: 'stop', usage, costUsd: 0, simulated: false },
    recorded: true,
  }),
  prices: async () => ({ in: 0, cached: 0, out: 0 }),
  identity: async (model) => ({ model, revision: 'constant-reply/1', simulated: false }),
};
