/** Whether a text has certain words, in any case, with any white space and quotes, as words of their own. */
export function holds(text: string, secret: string): boolean {
  const wanted = plain(secret).trim();
  if (wanted === '') return false;
  const searched = plain(text);
  for (let at = searched.indexOf(wanted); at !== -1; at = searched.indexOf(wanted, at + 1)) {
    const after = searched.slice(at + wanted.length, at + wanted.length + 2);
    if (!/[\p{L}\p{N}_.]/u.test(searched[at - 1] ?? ' ') && !/^(?:[\p{L}\p{N}_]|\.\d)/u.test(after))
      return true;
  }
  return false;
}

export function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[“”"'`´’‘*$]+/g, '')
    .replaceAll(/[\s_]+/g, ' ')
    .replaceAll('−', '-');
}
