/** Finds the Python program in an answer: `<Code Solution>` first, then fenced blocks, then bare source. */
export interface ExtractedCode {
  readonly code: string;
  readonly from: 'tag' | 'fence' | 'bare';
}

export function extractCode(answer: string, entryPoint: string): ExtractedCode | undefined {
  const defines = new RegExp(
    `^[ \\t]*(?:async[ \\t]+)?(?:def|class)[ \\t]+${entryPoint}\\b|^${entryPoint}[ \\t]*=`,
    'm',
  );
  const tagged = lastTagged(answer);
  if (tagged !== undefined) return { code: tagged, from: 'tag' };
  const fenced = fencedBlocks(answer);
  // The last block is often an example call: prefer the last one that defines what is asked for.
  const block = fenced.findLast((code) => defines.test(code)) ?? fenced.at(-1);
  if (block !== undefined) return { code: block, from: 'fence' };
  const bare = unclosedFence(answer) ?? answer;
  const start = bare.search(/^(?:from\s+\w|import\s+\w|def\s+\w|class\s+\w|@\w)/m);
  if (start >= 0 && defines.test(bare)) return { code: bare.slice(start), from: 'bare' };
  // A completion of the signature that the prompt ends with.
  return /^(?:[ \t]*\n)*[ \t]+\S/.test(bare) && /^[ \t]+return\b/m.test(bare)
    ? { code: bare, from: 'bare' }
    : undefined;
}

function lastTagged(answer: string): string | undefined {
  const from = answer.lastIndexOf('<Code Solution>');
  if (from < 0) return undefined;
  const rest = answer.slice(from + '<Code Solution>'.length);
  const to = rest.indexOf('</Code Solution>');
  const inner = to < 0 ? rest : rest.slice(0, to);
  return fencedBlocks(inner).at(-1) ?? unclosedFence(inner) ?? inner.replace(/^\n+|\s+$/g, '');
}

interface Block {
  readonly language: string;
  readonly code: string;
}

/** Python blocks when there are any, else blocks of no named language. */
function fencedBlocks(text: string): string[] {
  const blocks = readBlocks(text);
  const python = blocks.filter((block) => /^(?:python\d?|py)$/.test(block.language));
  const chosen = python.length > 0 ? python : blocks.filter((block) => block.language === '');
  return chosen.map((block) => block.code);
}

/** Line by line, so that hostile text cannot make it slow. */
function readBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; language: string; lines: string[] } | undefined;
  for (const line of text.split('\n')) {
    const mark = /^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)/.exec(line);
    if (open && mark?.[1]?.startsWith(open.fence) && mark[2] === '') {
      blocks.push({ language: open.language, code: open.lines.join('\n') });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (mark) open = { fence: mark[1] ?? '```', language: (mark[2] ?? '').toLowerCase(), lines: [] };
  }
  return blocks;
}

/** A reply that was cut, or whose last fence was forgotten. */
function unclosedFence(text: string): string | undefined {
  const match = /^[ \t]*```(?:python\d?|py)?[ \t]*\n/im.exec(text);
  return match ? text.slice(match.index + match[0].length) : undefined;
}
