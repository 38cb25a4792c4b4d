/** The body of a webhook: JSON whose strings mention nobody and link nothing when a chat program shows them. */
import { visibleText } from './visible-text.ts';

const maxCharacters = 2_000;

export function webhookJson(body: unknown): string {
  return JSON.stringify(body, (_key, value: unknown) => (typeof value === 'string' ? plain(value) : value));
}

/** Angle brackets make mentions and links in Slack, "@name" in others; pairs of marks make formatting and links. */
function plain(text: string): string {
  return visibleText(text.slice(0, maxCharacters))
    .replace(/</g, '‹')
    .replace(/>/g, '›')
    .replace(/&/g, '＆')
    .replace(/@/g, '＠')
    .replace(/\]\(/g, '] (');
}
