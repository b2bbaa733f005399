import { ERROR_CODES } from '@sophia/types';
import { expect, test } from 'vitest';
import { type DeadLetterRow, repairedRow, seenLetter, unreadErrors } from './dead-letter-row.ts';
import { letterSight } from './letter-sight.ts';

const letter: DeadLetterRow = {
  id: '1',
  state: 'open',
  record_type: 'deal',
  source_system: 'crm',
  import: null,
  line: '7',
  errors: [
    { line: 7, code: 'not_ours', message: 'amount: found "7"', column: 'amount', value: '7' },
    { line: 7, code: 'invalid_json', message: 'a quote is open' },
  ],
  payload: { source_id: 'D', fields: { amount: '7', name: 'x' } },
  attempts: 1,
  created_at: '',
  updated_at: '',
};

const fields = ['amount', 'discount', 'name'].map((name) => ({ name, type: 'text' as const }));
const sight = (...masked: string[]) => letterSight([{ fields: masked }], { fields });

test('an error of a masked field says its code alone where nothing better is known, and one of no column nothing of its row', () => {
  expect(seenLetter(letter, sight('amount'))).toMatchObject({
    line: 7,
    errors: [{ message: 'not_ours' }, { message: ERROR_CODES.invalid_json.title }],
    row: { source_id: 'D', fields: { amount: null, name: 'x' } },
  });
  expect(seenLetter(letter, sight())).toMatchObject({ errors: letter.errors, row: letter.payload });
});

test('a row that could not be read shows nothing of its text to whom anything is masked', () => {
  const raw = 'D,"7,x';
  const unread: DeadLetterRow = {
    ...letter,
    errors: [{ line: 7, code: 'invalid_json', message: `a quote is open: ${raw}`, value: raw }],
    payload: { fields: { extra: { raw } } },
  };
  expect(JSON.stringify(seenLetter(unread, sight('amount')))).not.toContain('7,x');
  expect(seenLetter(unread, sight())).toMatchObject({ errors: unread.errors, row: unread.payload });
});

test('fields that the type does not know are masked where extra is', () => {
  const mobile = { line: 7, code: 'invalid_field_name', message: 'mobile: found "+49"', column: 'mobile', value: '+49' };
  const unknown: DeadLetterRow = {
    ...letter,
    errors: [mobile, { line: 7, code: 'missing_source_id', message: 'source_id: expected', column: 'source_id' }],
    payload: { fields: { mobile: '+49', name: 'x' }, original: { mobile: '+49 ' } },
  };
  expect(seenLetter(unknown, sight('amount', 'extra'))).toMatchObject({
    errors: [{ message: ERROR_CODES.invalid_field_name.title }, unknown.errors[1]],
    row: { fields: { mobile: null, name: 'x' }, original: { mobile: null } },
  });
  expect(seenLetter(unknown, sight('amount'))).toMatchObject({ errors: unknown.errors, row: unknown.payload });
  expect(repairedRow(unknown.payload, { fields: { mobile: null, name: 'y' } }, sight('extra')).fields).toEqual({
    mobile: '+49',
    name: 'y',
  });
});

test('a repair keeps what its editor does not see, but what the editor sets', () => {
  const seen = sight('amount', 'discount');
  const before = letter.payload;
  expect(repairedRow(before, { source_id: 'D', fields: { name: 'y' } }, seen).fields).toEqual({ name: 'y', amount: '7' });
  expect(repairedRow(before, { source_id: 'D', fields: { name: 'y', amount: '8' } }, seen).fields).toEqual({ name: 'y', amount: '8' });
  expect(repairedRow({ fields: { amount: null } }, { fields: {} }, seen).fields).toEqual({ amount: null });
});

test('a repaired deletion stays one unless that is edited, and raw values stay with what is not edited', () => {
  const before = {
    source_id: 'D',
    deleted: true,
    fields: { amount: '7', name: 'x' },
    original: { source_id: 'd', amount: '7 €', name: 'X' },
  };
  expect(repairedRow(before, { source_id: 'D', fields: { amount: '7', name: 'y' } }, sight())).toEqual({
    source_id: 'D',
    deleted: true,
    fields: { amount: '7', name: 'y' },
    original: { source_id: 'd', amount: '7 €' },
  });
  expect(repairedRow(before, { source_id: 'E', fields: {}, deleted: false }, sight())).toEqual({
    source_id: 'E',
    deleted: false,
    fields: {},
  });
});

test('what a mapping could not read is refused until it is set or cleared, be it a field or of every row', () => {
  const error = (column: string) => ({ line: 7, code: 'invalid_money', message: `${column}: expected`, column });
  const unread = ['amount', 'occurred_at'];
  const raw = {
    ...letter,
    errors: [error('amount'), error('occurred_at'), { line: 7, code: 'invalid_csv', message: 'a quote is open' }],
    payload: { ...letter.payload, occurred_at: 'noon', unread },
  };
  const { payload } = raw;
  const left = (edited: object, ...masked: string[]) => {
    const repaired = repairedRow(payload, { source_id: 'D', occurred_at: 'noon', fields: payload.fields, ...edited }, sight(...masked));
    return [repaired.unread, unreadErrors({ ...raw, payload: repaired }).map(({ column }) => column)];
  };
  expect(left({ fields: { amount: '7', name: 'y' } })).toEqual([unread, unread]);
  expect(left({ fields: { amount: '7000', name: 'x' } })).toEqual([['occurred_at'], ['occurred_at']]);
  expect(left({ occurred_at: undefined })).toEqual([['amount'], ['amount']]);
  expect(left({ fields: {}, occurred_at: null })).toEqual([undefined, []]);
  expect(left({ fields: { name: 'x' }, occurred_at: null }, 'amount')).toEqual([['amount'], ['amount']]);
  expect(seenLetter(raw, sight()).row).toEqual({ source_id: 'D', occurred_at: 'noon', fields: payload.fields });
  const same = { source_id: 'D', occurred_at: 'noon', fields: payload.fields };
  expect(repairedRow(payload, same, sight(), ['amount']).unread).toEqual(['occurred_at']);
  expect(repairedRow(payload, same, sight('amount'), ['amount', 'occurred_at']).unread).toEqual(['amount']);
  const deletion = { fields: {}, unread: ['deleted', 'business_priority'] };
  expect(repairedRow(deletion, { fields: {}, deleted: false }, sight()).unread).toEqual(['business_priority']);
});

test('a field that is called as a member that objects have of their own is kept like any other', () => {
  const before = { source_id: 'D', fields: { constructor: 'Eiffel', name: 'x' } };
  expect(repairedRow(before, { source_id: 'D', fields: { name: 'y' } }, sight('extra')).fields).toEqual({
    constructor: 'Eiffel',
    name: 'y',
  });
});
