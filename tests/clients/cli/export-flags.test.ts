/** The flags that say what a dataset is written as: whole inputs from them, and wrong usage refused with the flag's name. */
import { describe, expect, it } from 'vitest';
import { exportOf, formatsOf } from '../../../clients/cli/dataset/export-flags.ts';
import { exportFormats, exportSchema } from '../../../workflows/dataset/export-contract.ts';

describe('flags of the export', () => {
  it('are, by default, the defaults of the contract', () => {
    expect(exportSchema.parse(exportOf({}))).toEqual(exportSchema.parse({}));
  });

  it('give formats in one order, shares and a publication whose creator holds commas', () => {
    expect(formatsOf('rewards,parquet')).toEqual(['parquet', 'rewards']);
    expect([formatsOf('none'), formatsOf('all')]).toEqual([[], [...exportFormats]]);
    const given = exportOf({
      validation: '0.1',
      test: '0.05',
      apart: 'program',
      published: '2026-01-31,https://example.org/d,Some, one',
    });
    expect(exportSchema.parse(given)).toMatchObject({
      splits: { validation: 0.1, test: 0.05, apart: 'program' },
      publication: { date: '2026-01-31', url: 'https://example.org/d', creator: 'Some, one' },
    });
  });

  it.each([
    [{ formats: 'csv' }, /--formats csv/],
    [{ validation: '0.9' }, /--validation 0\.9/],
    [{ test: 'half' }, /--test half/],
    [{ apart: 'source' }, /--apart source/],
    [{ published: '2026-01-31' }, /--published/],
    [{ published: '2026-01-31,javascript:alert(1),x' }, /--published/],
  ])('refuse %o', (args, message) => {
    expect(() => exportOf(args)).toThrow(message);
  });
});
