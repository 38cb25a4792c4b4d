/**
 * The first step of every encoder: text without what acts instead of showing. Control characters, lone surrogates and the
 * Unicode marks that reorder or hide text become U+FFFD; tabs, line feeds and joiners (emoji,
 * Persian) stay. Idempotent.
 */
export function visibleText(text: string): string {
  if (!/[^\t\n -~]/.test(text)) return text;
  return text.replace(/\r\n?/g, '\n').replace(acting, '\ufffd');
}

/** C0 but tab and line feed, DEL, C1, line separators, bidirectional and invisible formatting, tags, lone surrogates. */
const acting =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Cs}]/gu;
