/** What a terminal shows of a pool's report. Sources and subjects come from foreign files. */
import { type Fate, fates, type PoolReport } from '../../../activities/dataset/query-pool/pool-report.ts';
import { terminalLine } from '../../../workflows/shared/encode/terminal.ts';
import { columns } from '../columns.ts';

const titles: Readonly<Record<Fate, string>> = {
  kept: 'KEPT',
  conflict: 'CONFLICT',
  duplicate: 'DUPLICATE',
  nearDuplicate: 'NEAR',
  contaminated: 'CONTAMINATED',
  notSampled: 'NOT SAMPLED',
};
const maxCellCharacters = 40;

/** Queries by source, subject and what became of them. */
export function countsTable({ counts }: Pick<PoolReport, 'counts'>): string {
  const rows = counts.map(({ source, subject, fates: own }) => [
    ...[source, subject].map(cellOf),
    ...fates.map((fate) => String(own[fate])),
  ]);
  const totals = totalsOf({ counts });
  return columns([
    ['SOURCE', 'SUBJECT', ...fates.map((fate) => titles[fate])],
    ...rows,
    ['all', '', ...fates.map((fate) => String(totals[fate]))],
  ]);
}

export function totalsOf({ counts }: Pick<PoolReport, 'counts'>): Record<Fate, number> {
  const sum = (fate: Fate): number => counts.reduce((total, row) => total + row.fates[fate], 0);
  return {
    kept: sum('kept'),
    conflict: sum('conflict'),
    duplicate: sum('duplicate'),
    nearDuplicate: sum('nearDuplicate'),
    contaminated: sum('contaminated'),
    notSampled: sum('notSampled'),
  };
}

/** One line, clipped. */
export function cellOf(text: string): string {
  const line = [...terminalLine(text.slice(0, 1_000))];
  return line.length > maxCellCharacters
    ? `${line.slice(0, maxCellCharacters - 1).join('')}…`
    : line.join('');
}
