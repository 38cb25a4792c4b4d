/** Draws a request's latency and fault. Both depend on the request and on how often it was sent, so that runs repeat. */
import type { Draws } from './draws.ts';
import { normal } from './draws.ts';
import type { FaultKind, FaultSettings } from './settings.ts';

export function drawFault(settings: FaultSettings, draws: Draws): FaultKind | undefined {
  let luck = draws.uniform('fault');
  for (const [kind, rate] of Object.entries(settings.rates) as [FaultKind, number][]) {
    if (luck < rate) return kind;
    luck -= rate;
  }
  return undefined;
}

export function drawLatencyMs(settings: FaultSettings, draws: Draws): number {
  switch (settings.latency.kind) {
    case 'none':
      return 0;
    case 'constant':
      return settings.latency.ms;
    case 'logNormal':
      return settings.latency.medianMs * Math.exp(settings.latency.sigma * normal(draws, 'latency'));
  }
}
