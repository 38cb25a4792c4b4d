/** Workflows of secrets.test.ts. */
import { proxyActivities } from '@temporalio/workflow';

interface SecretActivities {
  ask(model: string): Promise<string>;
}

const { ask } = proxyActivities<SecretActivities>({
  startToCloseTimeout: '30 s',
  retry: { maximumAttempts: 2 },
});

/** Asks each model; what fails is told in the result, as it stands in history. */
export async function askModels(models: readonly string[]): Promise<string[]> {
  const ends: string[] = [];
  for (const model of models)
    ends.push(await ask(model).catch((error: unknown) => String((error as Error).cause)));
  return ends;
}
