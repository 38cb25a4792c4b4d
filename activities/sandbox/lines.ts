/** Splits a stream of bytes into lines with a size limit: hostile peers send endless ones, and single bytes. */
export interface LineSplitter {
  push(chunk: Buffer): void;
}

export function createLineSplitter(
  maxBytes: number,
  onLine: (line: string) => void,
  onOverflow: () => void,
): LineSplitter {
  // One growing buffer for the line's beginning: a list of its chunks would cost 100 times their bytes.
  let held = Buffer.alloc(0);
  let bytes = 0;
  let overflowed = false;

  function hold(part: Buffer): void {
    if (bytes + part.length > held.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes + part.length, 2 * held.length));
      held.copy(larger, 0, 0, bytes);
      held = larger;
    }
    part.copy(held, bytes);
    bytes += part.length;
  }

  function release(): void {
    held = Buffer.alloc(0);
    bytes = 0;
  }

  return {
    push(chunk) {
      let rest = chunk;
      while (!overflowed && rest.length > 0) {
        const end = rest.indexOf(10);
        const part = end < 0 ? rest : rest.subarray(0, end);
        if (bytes + part.length > maxBytes) {
          overflowed = true;
          release();
          return onOverflow();
        }
        if (end < 0) return hold(part);
        rest = rest.subarray(end + 1);
        if (bytes === 0) {
          onLine(part.toString('utf8'));
          continue;
        }
        hold(part);
        const line = held.toString('utf8', 0, bytes);
        release();
        onLine(line);
      }
    },
  };
}
