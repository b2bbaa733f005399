import { describe, expect, test } from 'vitest';
import type { CopyType } from '../database.ts';
import { createCopyEncoder } from './copy-encoder.ts';

const HEADER_BYTES = 19;
const encode = (type: CopyType, value: unknown): Buffer => {
  const encoder = createCopyEncoder([type]);
  encoder.add([value]);
  // Header, count of fields, the field; the trailer is two bytes.
  return encoder.finish().subarray(HEADER_BYTES + 2, -2);
};
const field = (hex: string) => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

describe('the binary form of', () => {
  test.each<[CopyType, unknown, string]>([
    ['int4', -2, 'fffffffe'],
    ['int8', 1, '0000000000000001'],
    ['int8', -1, 'ffffffffffffffff'],
    ['int8', '-4294967297', 'fffffffeffffffff'],
    ['int8', '9223372036854775807', '7fffffffffffffff'],
    ['int8', -(2n ** 63n), '8000000000000000'],
    ['xid8', '18446744073709551615', 'ffffffffffffffff'],
    ['xid8', 7, '0000000000000007'],
    ['float8', 1.5, '3ff8000000000000'],
    ['bool', true, '01'],
    ['bool', false, '00'],
    ['text', 'aä✓😀', '61 c3a4 e29c93 f09f9880'],
    ['bytea', Buffer.from([0, 255]), '00ff'],
    ['jsonb', '{}', '01 7b7d'],
    ['timestamptz', '2000-01-01T00:00:00.000001Z', '0000000000000001'],
    ['timestamptz', 946_684_800_000_001, '0000000000000001'],
    ['timestamptz', 946_684_799_999_999n, 'ffffffffffffffff'],
    ['date', '2000-01-02', '00000001'],
    ['date', '1999-12-31', 'ffffffff'],
    ['numeric', '0', '0000 0000 0000 0000'],
    ['numeric', '-0.00', '0000 0000 0000 0002'],
    ['numeric', '12345.678', '0003 0001 0000 0003 0001 0929 1a7c'],
    ['numeric', '-10000', '0001 0001 4000 0000 0001'],
    ['numeric', '0.0001', '0001 ffff 0000 0004 0001'],
  ])('%s %s', (type, value, hex) => {
    expect(encode(type, value)).toEqual(field(hex));
  });

  test('null is a length without bytes', () => {
    expect(encode('text', null)).toEqual(Buffer.from('ffffffff', 'hex'));
    expect(encode('text', undefined)).toEqual(Buffer.from('ffffffff', 'hex'));
  });
});

describe('a value that does not fit', () => {
  test.each<[CopyType, unknown]>([
    ['int4', 1.5],
    ['int4', 2 ** 31],
    ['int4', '1'],
    ['int8', 0.5],
    ['int8', 2 ** 60 + 0.5e10],
    ['int8', 2n ** 63n],
    ['int8', '9223372036854775808'],
    ['int8', '1e3'],
    ['xid8', -1n],
    ['float8', '1'],
    ['bool', 1],
    ['text', 1],
    ['bytea', 'text'],
    ['jsonb', {}],
    ['timestamptz', 'yesterday'],
    ['timestamptz', true],
    ['timestamptz', 0.5],
    ['date', '2026-02-30x'],
    ['date', '2026-13-01'],
    ['date', '2026-02-30'],
    ['date', 0],
    ['numeric', 1.5],
    ['numeric', '1e3'],
    ['numeric', '.5'],
  ])('%s refuses %s', (type, value) => {
    expect(() => encode(type, value)).toThrow(`Column 1 of a COPY takes ${type}`);
  });
});

test('chunks are given out when they are large enough, and never change afterwards', () => {
  const encoder = createCopyEncoder(['text'], 100);
  const chunks: Buffer[] = [];
  const copies: Buffer[] = [];
  for (let line = 0; line < 1_000; line++) {
    const chunk = encoder.add([`line ${line} ${'x'.repeat(line % 300)}`]);
    if (chunk === undefined) continue;
    chunks.push(chunk);
    copies.push(Buffer.from(chunk));
  }
  chunks.push(encoder.finish());
  expect(chunks.slice(0, -1)).toEqual(copies);
  expect(Math.min(...copies.map(({ length }) => length))).toBeGreaterThanOrEqual(100);
  const whole = Buffer.concat(chunks);
  expect(whole.subarray(0, 11)).toEqual(Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'));
  expect(whole.subarray(-2)).toEqual(Buffer.from([255, 255]));
});
