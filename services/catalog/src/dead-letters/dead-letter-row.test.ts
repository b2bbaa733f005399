import { expect, test } from 'vitest';
import { type DeadLetterRow, repairedRow, seenLetter } from './dead-letter-row.ts';

const letter: DeadLetterRow = {
  id: '1',
  state: 'open',
  record_type: 'deal',
  source_system: 'crm',
  import: null,
  line: '7',
  errors: [
    { line: 7, code: 'not_ours', message: 'amount: found "7"', column: 'amount', value: '7' },
    { line: 7, code: 'invalid_csv', message: 'a quote is open' },
  ],
  payload: { source_id: 'D', fields: { amount: '7', name: 'x' } },
  attempts: 1,
  created_at: '',
  updated_at: '',
};

test('an error of a masked field says its code alone where nothing better is known', () => {
  expect(seenLetter(letter, [{ fields: ['amount'] }])).toMatchObject({
    line: 7,
    errors: [{ message: 'not_ours' }, { message: 'a quote is open' }],
    row: { source_id: 'D', fields: { amount: null, name: 'x' } },
  });
  expect(seenLetter(letter, [])).toMatchObject({ errors: letter.errors, row: letter.payload });
});

test('a repair keeps what its editor does not see, but what the editor sets', () => {
  const masks = [{ fields: ['amount', 'discount'] }];
  const before = letter.payload;
  expect(repairedRow(before, { source_id: 'D', fields: { name: 'y' } }, masks).fields).toEqual({ name: 'y', amount: '7' });
  expect(repairedRow(before, { source_id: 'D', fields: { name: 'y', amount: '8' } }, masks).fields).toEqual({ name: 'y', amount: '8' });
  expect(repairedRow({ fields: { amount: null } }, { fields: {} }, masks).fields).toEqual({ amount: null });
});
