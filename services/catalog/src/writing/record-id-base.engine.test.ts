import { createTestDatabase } from '@sophia/database/testing';
import { expect, test } from 'vitest';
import { readRecordIdBase } from './record-id-base.ts';

test('ids begin with the number of their database', async () => {
  const testDatabase = await createTestDatabase();
  try {
    const app = await testDatabase.open('app');
    const owner = await testDatabase.open('owner');
    const run = (text: string) => owner.write([], (transaction) => owner.query(transaction, { name: `test_${text.length}`, text }));
    expect(await readRecordIdBase(app)).toBe('0');
    await run('update installation set database_number = 3');
    expect(await readRecordIdBase(app)).toBe((3n << 48n).toString());
    await run('delete from installation');
    await expect(readRecordIdBase(app)).rejects.toMatchObject({ code: 'internal_error' });
  } finally {
    await testDatabase.close();
  }
});
