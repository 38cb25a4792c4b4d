/** A YAML 1.2 scalar: always double-quoted, so that no text becomes a tag, an anchor, a number, a boolean or a new key. */
import { visibleText } from './visible-text.ts';

export function yamlString(text: string): string {
  return JSON.stringify(visibleText(text));
}
