/** The simulated models exist by themselves wherever MASGPT_SIMULATOR_URL is set; a file may define them otherwise. */

/** As a small hosted model costs, so that costs and budgets can be seen to work; every output says "simulated". */
export const simulatedPrice = { in: 0.15, cached: 0.075, out: 0.6 } as const;

const names: readonly string[] = [
  'sim-driver',
  'sim-refiner',
  'sim-judge',
  // Refiners that cheat or fail, to see what is caught (clients/dev/simulator/bad-refiners.ts).
  'sim-refiner-garbage',
  'sim-refiner-leaks',
  'sim-refiner-solves',
  'sim-refiner-sly',
];

export function isSimulated(model: string): boolean {
  return names.includes(model);
}

export function simulatedModels(env: NodeJS.ProcessEnv): Record<string, object> {
  const url = env['MASGPT_SIMULATOR_URL'];
  if (!url) return {};
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        baseUrl: `${simulatorRoot(url)}/v1`,
        model: name,
        revision: env['MASGPT_SIMULATOR_REVISION'] || 'unpinned',
        simulated: true,
        priceUsdPerMTok: simulatedPrice,
        limits: { inFlight: 64 },
      },
    ]),
  );
}

/** The simulator's address without the version path. */
export function simulatorRoot(url: string): string {
  return url.replace(/\/+$/, '').replace(/\/v1$/, '');
}
