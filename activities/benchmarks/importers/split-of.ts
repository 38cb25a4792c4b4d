/** The split that a file's name or its directories name: `train-00000-of-00001.parquet`, `abstract_algebra_test.csv`, `MATH/train/…`. */
export function splitOf(file: string): string | undefined {
  const [name = '', ...directories] = file.split('/').toReversed();
  for (const part of [name, ...directories]) {
    const found = /(?:^|[^a-z])(train|test|validation|valid|val|dev)(?![a-z])/i
      .exec(part)?.[1]
      ?.toLowerCase();
    if (found) return found.startsWith('val') ? 'validation' : found;
  }
  return undefined;
}
