/** Which of the product's search attributes the server knows, with the type they need. */
import type { Client } from '@temporalio/client';
import { trainingAttributes } from '../../workflows/training/contract.ts';

/** Of the server's numbers for types (temporal.api.enums.v1.IndexedValueType). */
const typeNumbers = { Keyword: 2, Int: 3 } as const;

/** None where the server does not tell: they are never needed. */
export async function registeredAttributes(
  client: { readonly connection: Pick<Client['connection'], 'operatorService'> },
  namespace: string,
): Promise<string[]> {
  try {
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace });
    return Object.entries(trainingAttributes)
      .filter(([name, type]) => customAttributes[name] === typeNumbers[type])
      .map(([name]) => name);
  } catch {
    return [];
  }
}
