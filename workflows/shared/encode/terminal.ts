/** For a terminal: no control sequences, so that a text cannot move the cursor, recolour, rename the window or hide lines. */
import { visibleText } from './visible-text.ts';

/** Escape sequences go as a whole; line feeds and tabs stay. */
export function terminal(text: string): string {
  return visibleText(text.replace(sequences, ''));
}

/** For one line of a table or a log. */
export function terminalLine(text: string): string {
  return terminal(text).replace(/\s+/g, ' ').trim();
}

/** CSI; OSC, DCS, SOS, PM and APC up to their end; other two-character escapes. ECMA-48, 7 and 8 bit. */
const sequences =
  // eslint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;
