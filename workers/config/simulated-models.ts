/** The simulated models exist by themselves wherever MASGPT_SIMULATOR_URL is set; a file may define them otherwise. */

export function simulatedModels(env: NodeJS.ProcessEnv): Record<string, object> {
  const url = env['MASGPT_SIMULATOR_URL'];
  if (!url) return {};
  const names = ['sim-driver', 'sim-refiner', 'sim-judge'];
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        baseUrl: `${simulatorRoot(url)}/v1`,
        model: name,
        revision: env['MASGPT_SIMULATOR_REVISION'] || 'unpinned',
        simulated: true,
        // As a small hosted model costs, so that costs and budgets can be seen to work; every output says "simulated".
        priceUsdPerMTok: { in: 0.15, cached: 0.075, out: 0.6 },
        limits: { inFlight: 64 },
      },
    ]),
  );
}

/** The simulator's address without the version path. */
export function simulatorRoot(url: string): string {
  return url.replace(/\/+$/, '').replace(/\/v1$/, '');
}
