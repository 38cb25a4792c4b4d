/** How many columns a text takes in a terminal: wide characters two, combining marks none. */

export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += widthOf(char);
  return width;
}

/** The text in so many columns at most; an ellipsis stands for what is cut. */
export function clip(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let width = 0;
  let kept = '';
  for (const char of text) {
    width += widthOf(char);
    if (width > columns - 1) break;
    kept += char;
  }
  return columns > 0 ? `${kept}…` : '';
}

export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)));
}

function widthOf(char: string): number {
  if (/^\p{M}$/u.test(char) || char === joiner) return 0;
  return wide.test(char) ? 2 : 1;
}

/** Between the parts of one emoji. Variation selectors are marks. */
const joiner = '\u200d';

/** East Asian wide and full-width blocks, and what is drawn as emoji. */
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}])$/u;
