import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeWriteToken, encodeWriteToken } from './write-token.ts';

const hexadecimal = fc.integer({ min: 0, max: 0xffff_ffff }).map((value) => value.toString(16).toUpperCase());
const parts = fc.record({
  epoch: fc.constantFrom('abc123', 'zzzzzz1'),
  transactionId: fc.bigInt({ min: 3n, max: 2n ** 63n }).map(String),
  walPosition: fc.tuple(hexadecimal, hexadecimal).map((halves) => halves.join('/')),
});

test('a token is read as the write that it was given for', () => {
  fc.assert(
    fc.property(parts, (write) => {
      expect(decodeWriteToken(write.epoch, encodeWriteToken(write))).toEqual(write);
    }),
  );
});

test('a token with another character anywhere is refused', () => {
  fc.assert(
    fc.property(parts, fc.nat(), fc.constantFrom(...'ABab01-_'), (write, at, character) => {
      const token = encodeWriteToken(write);
      const index = at % token.length;
      const damaged = token.slice(0, index) + character + token.slice(index + 1);
      fc.pre(damaged !== token);
      expect(() => decodeWriteToken(write.epoch, damaged)).toThrow(expect.objectContaining({ code: 'invalid_token' }));
    }),
  );
});

test('nothing but a token is one', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => decodeWriteToken('abc123', text)).toThrow(expect.objectContaining({ code: 'invalid_token' }));
    }),
  );
});

test('a token of another epoch tells that the log was begun anew', () => {
  const token = encodeWriteToken({ epoch: 'abc123', transactionId: '7', walPosition: '0/1' });
  expect(() => decodeWriteToken('abc124', token)).toThrow(expect.objectContaining({ code: 'cursor_of_another_log', status: 410 }));
});
