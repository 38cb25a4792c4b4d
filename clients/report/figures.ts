/** How figures read: one form for each quantity, everywhere in the report. */
const integers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export function percent(fraction: number): string {
  return (fraction * 100).toFixed(1);
}

/** 12,345; below 100 with one decimal when it is no integer. */
export function count(value: number): string {
  return Number.isInteger(value) || value >= 100 ? integers.format(value) : tenths.format(value);
}

/** One decimal always: means per item, in a column. */
export function oneDecimal(value: number): string {
  return tenths.format(value);
}

/** US dollars with as many decimals as `scale` needs: the largest of a column, so that the column lines up. */
export function money(usd: number, scale = usd): string {
  if (scale === 0) return '0';
  const decimals = Math.min(8, Math.max(2, 2 - Math.floor(Math.log10(scale))));
  return usd.toFixed(decimals);
}

export function pValue(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** At most `max` characters, with a mark of what is missing. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = /[\ud800-\udbff]/.test(text[max - 1] ?? '') ? max - 1 : max;
  return `${text.slice(0, end)}… [${count(text.length - end)} more characters]`;
}

/** One line of at most `max` characters. */
export function oneLine(text: string, max: number): string {
  const line = text
    .slice(0, max * 4)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= max ? line : `${line.slice(0, max - 1)}…`;
}
