/** The recipe that a run pinned when it was resolved: a later edit of the file does not change an open run. */
import type { Blobs } from '../storage/blobs.ts';
import { type Recipe, recipeSchema } from './recipe.ts';

export async function readRecipe(blobs: Blobs, sha256: string): Promise<Recipe> {
  return recipeSchema.parse(JSON.parse(await blobs.getText(sha256)));
}
