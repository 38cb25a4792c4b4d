/** Finds the program in a generator's reply: the last ```python block, fences inside the program's own texts notwithstanding. */

/** Candidates, the likeliest first; none when the reply has no block. */
export function extractPrograms(reply: string): string[] {
  const lines = withoutThoughts(reply).split(/\r?\n/);
  const openings = indicesOf(lines, (line) => /^\s{0,3}```\s*(?:python3?|py)\s*$/i.test(line))
    .toReversed()
    .slice(0, maxFences);
  const closings = indicesOf(lines, (line) => /^\s{0,3}```\s*$/.test(line));
  const blocks = openings.flatMap((opening) => {
    const ends = closings.filter((closing) => closing > opening).slice(0, maxFences);
    // The first fence ends the block, unless it belongs to a prompt within the program; a cut reply has none.
    return (ends.length > 0 ? ends : [lines.length]).map((end) => lines.slice(opening + 1, end).join('\n'));
  });
  const programs = blocks.filter((block) => /^class\s+MAS\b/m.test(block));
  return (programs.length > 0 ? programs : blocks)
    .slice(0, maxCandidates)
    .map((block) => `${block.trimEnd()}\n`);
}

const maxCandidates = 8;
/** Of each kind: a hostile reply may be nothing but fences. */
const maxFences = 32;

/** Reasoning models think aloud; what they try out there is not the program. */
export function withoutThoughts(text: string): string {
  const end = text.lastIndexOf('</think>');
  return end === -1 ? text : text.slice(end + '</think>'.length);
}

function indicesOf(lines: readonly string[], match: (line: string) => boolean): number[] {
  return lines.flatMap((line, index) => (match(line) ? [index] : []));
}
