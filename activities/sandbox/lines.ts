/** Splits a stream of bytes into lines with a size limit: hostile peers send endless ones. */
export interface LineSplitter {
  push(chunk: Buffer): void;
}

export function createLineSplitter(
  maxBytes: number,
  onLine: (line: string) => void,
  onOverflow: () => void,
): LineSplitter {
  let parts: Buffer[] = [];
  let bytes = 0;
  let overflowed = false;
  return {
    push(chunk) {
      let rest = chunk;
      while (!overflowed && rest.length > 0) {
        const end = rest.indexOf(10);
        const part = end < 0 ? rest : rest.subarray(0, end);
        bytes += part.length;
        if (bytes > maxBytes) {
          overflowed = true;
          parts = [];
          return onOverflow();
        }
        parts.push(part);
        if (end < 0) return;
        const line = parts.length === 1 ? part : Buffer.concat(parts);
        parts = [];
        bytes = 0;
        onLine(line.toString('utf8'));
        rest = rest.subarray(end + 1);
      }
    },
  };
}
