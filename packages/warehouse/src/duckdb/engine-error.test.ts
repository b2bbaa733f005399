import { SophiaError } from '@sophia/shared';
import { expect, test } from 'vitest';
import { isEnvironmentalWarehouseError } from '../environmental-error.ts';
import { engineError, isInvalidating, messageOf } from './engine-error.ts';

test.each([
  ['IO Error: Could not write file "x": File too large', 'warehouse_unavailable', true, false],
  ['INTERRUPT Error: Interrupted!', 'warehouse_unavailable', true, false],
  ['TransactionContext Error: Conflict on tuple deletion!', 'warehouse_unavailable', true, false],
  ['TransactionContext Error: Failed to commit: Could not write file "x": Quota exceeded', 'warehouse_unavailable', true, false],
  [
    'TransactionContext Error: Failed to commit: Attempting to modify table t but another transaction has altered this table',
    'warehouse_statement_failed',
    false,
    false,
  ],
  ['Out of Memory Error: could not allocate block', 'warehouse_out_of_memory', true, false],
  ['FATAL Error: Failed: database has been invalidated because of a previous fatal error', 'warehouse_unavailable', true, true],
  ['INTERNAL Error: Attempted to access index 1', 'warehouse_unavailable', true, true],
  ['Conversion Error: Could not convert string', 'warehouse_statement_failed', false, false],
  ['Out of Range Error: Overflow in addition', 'warehouse_statement_failed', false, false],
])('%s', (message, code, isEnvironmental, invalidates) => {
  const told = engineError(new Error(`${message}\n\nLINE 1: select secret`));
  expect(told).toMatchObject({ code, message });
  expect(isEnvironmentalWarehouseError(told)).toBe(isEnvironmental);
  expect(isInvalidating(told)).toBe(invalidates);
});

test.each([
  'IO Error: The file "x" exists, but it is not a valid DuckDB database file!',
  'IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2 in block at location 4096',
  'IO Error: Could not read enough bytes from file "x": attempted to read 3192 bytes from location 5000',
  'IO Error: Failure while replaying WAL file "x.wal": Corrupt WAL file: entry at byte position 1 computed checksum 2',
])('a damage, not a passing state: %s', (message) => {
  const told = engineError(new Error(message));
  expect(told).toMatchObject({
    code: 'warehouse_damaged',
    status: 500,
    message: expect.stringContaining(`The warehouse is damaged: ${message}`),
  });
  expect(engineError(new Error(message), '/x')).toMatchObject({ message: expect.stringMatching(/^The warehouse \/x is damaged: /) });
  // No event is set aside for it.
  expect(isEnvironmentalWarehouseError(told)).toBe(true);
});

test.each([
  [
    'TransactionContext Error: Failed to commit: Could not write file "/data/it\'s.wal": No space left on device',
    /^The warehouse has no room left/,
  ],
  ['IO Error: Cannot open file "/data/w.duckdb": Permission denied', /^IO Error: Cannot open file of the warehouse: Permission denied$/],
  ["IO Error: Could not rename '/data/a b' to /data/c of it", /^IO Error: Could not rename of the warehouse to of the warehouse of it$/],
  ['Out of Memory Error: could not write "data/tmp/1"', /^Out of Memory Error: could not write of the warehouse$/],
  [
    'IO Error: Could not read enough bytes from file "/data/x": at 5',
    /damaged: IO Error: Could not read enough bytes from file of the warehouse: at 5\./,
  ],
])('where a file lies is for the log: %s', (message, shown) => {
  const error = new Error(message);
  expect(engineError(error)).toMatchObject({ message: expect.stringMatching(shown), cause: error });
});

test('what is not of the engine stays as it is', () => {
  for (const error of [new TypeError('x is undefined'), 'text', new SophiaError('overloaded', 'full')]) {
    expect(engineError(error)).toBe(error);
    expect(isInvalidating(error)).toBe(false);
  }
  expect(isEnvironmentalWarehouseError(new Error('IO Error'))).toBe(false);
  expect([new Error('one'), 'two'].map(messageOf)).toEqual(['one', 'two']);
});
