/** Maps over members with at most `size` under way at once; results in the members' order. The first failure ends it. */
export async function inOrder<T, R>(
  members: readonly T[],
  size: number,
  map: (member: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < members.length) {
      const index = next++;
      results[index] = await map(members[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(size, members.length) }, lane));
  return results;
}
