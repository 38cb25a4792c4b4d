/**
 * Whether a text needs numpy, pandas or matplotlib, told from the text alone, before any process reads it. A false alarm
 * costs milliseconds; a text that hides its import gets an error that says how to write it.
 */
export function needsScience(text: string): boolean {
  return imports.test(text) || uses.test(text);
}

const imports =
  /(?:\bimport\b|\bfrom\b|__import__|import_module)[^\n]{0,200}?\b(?:numpy|pandas|matplotlib)\b/;
/** Code under test has the names without importing them. */
const uses = /\b(?:numpy|np|pandas|pd|matplotlib|plt)[ \t]*\.[ \t]*\w/;
