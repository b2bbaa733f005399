import { expect, test } from 'vitest';
import { parseInstant } from './parse-instant.ts';

test.each([
  ['2027-02-28T00:00:00Z', '2027-02-28T00:00:00.000000Z'],
  ['2027-02-28T00:00:00+23:00', '2027-02-27T01:00:00.000000Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
  ['9999-12-31T23:59:59.9999999Z', '9999-12-31T23:59:59.999999Z'],
])('%s is %s', (text, instant) => {
  expect(parseInstant(text)).toBe(instant);
});

test.each([
  '',
  '2027-02-30T00:00:00Z',
  '2027-03-01T00:00:00',
  '0000-12-31T00:00:00Z',
  '0001-01-01T00:00:00+01:00',
  '9999-12-31T23:59:59-01:00',
])('%j is no instant of the years that PostgreSQL and texts share', (text) => {
  expect(parseInstant(text)).toBeUndefined();
});
