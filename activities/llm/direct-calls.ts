/**
 * The call service of one process without a database: nothing is recorded, shared or budgeted, and a model's limit of
 * requests in flight holds for this process alone. For a person who runs one program.
 */
import { createGate, type Gate } from '../sandbox/gate.ts';
import type { CallService } from './chat.ts';
import type { Models } from './endpoint.ts';
import type { SendChat } from './openai-chat.ts';
import { seedOf } from './send-call.ts';

export function createDirectCalls(parts: { readonly models: Models; readonly send: SendChat }): CallService {
  const gates = new Map<string, Gate>();
  return {
    async call({ request, draw }, { signal }) {
      const endpoint = await parts.models.get(request.model);
      const gate = gates.get(endpoint.name) ?? createGate(endpoint.limits.inFlight);
      gates.set(endpoint.name, gate);
      const leave = await gate.enter(signal);
      try {
        const sent = await parts.send(endpoint, request, { seed: seedOf(draw) }, signal);
        if (!sent.ok) throw sent.failure;
        return { reply: sent.reply, recorded: false };
      } finally {
        leave();
      }
    },
    prices: async (model) => (await parts.models.get(model)).priceUsdPerMTok,
    async identity(model) {
      const { name, revision, simulated } = await parts.models.get(model);
      return { model: name, revision, simulated };
    },
  };
}
