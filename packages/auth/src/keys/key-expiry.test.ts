import { expect, test } from 'vitest';
import { readExpiry } from './key-expiry.ts';

const NOW = Date.parse('2027-01-31T12:00:00Z');

test.each([
  ['2027-02-28T00:00:00Z', '2027-02-28T00:00:00.000000Z'],
  ['2027-01-31T12:00:00.000001+00:00', '2027-01-31T12:00:00.000001Z'],
  ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000000Z'],
])('a key may end at %s', (text, instant) => {
  expect(readExpiry(text, NOW)).toBe(instant);
});

test.each([
  ['2027-02-30T00:00:00Z', 'allowed is an instant'],
  ['2027-03-01T00:00:00', 'allowed is an instant'],
  ['2027-03-01', 'allowed is an instant'],
  ['+275760-09-13T00:00:00Z', 'allowed is an instant'],
  ['9999-12-31T23:59:59-01:00', 'allowed is an instant'],
  ['2027-01-31T13:00:00+01:00', 'which has passed'],
])('but not at %s', (text, message) => {
  expect(() => readExpiry(text, NOW)).toThrow(
    expect.objectContaining({ code: 'invalid_key_request', message: expect.stringContaining(message) }),
  );
});
