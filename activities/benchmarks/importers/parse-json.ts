/** Parses one foreign JSON text: bounded in length and depth, and whole in its characters. */
export const maxJsonCharacters = 8 * 1024 ** 2;
const maxDepth = 64;

export type ParsedJson = { readonly value: unknown } | { readonly reason: string };

export function parseJson(text: string): ParsedJson {
  if (text.length > maxJsonCharacters) return { reason: tooLongReason };
  if (text.includes('\ufffd')) return { reason: 'it is not valid UTF-8' };
  if (isDeeper(text)) return { reason: `its values are nested more than ${maxDepth} deep` };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { reason: `not JSON: ${(error as Error).message.slice(0, 120)}` };
  }
}

export const tooLongReason = `it has more than ${maxJsonCharacters} characters`;

function isDeeper(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x5b || code === 0x7b) depth += 1;
    else if (code === 0x5d || code === 0x7d) depth -= 1;
    if (depth > maxDepth) return true;
  }
  return false;
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes += 1;
  return slashes % 2 === 1;
}
