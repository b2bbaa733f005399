import { expect, test } from 'vitest';
import { isInt64 } from './is-int64.ts';

test.each(['0', '-1', '007', '9223372036854775807', '-9223372036854775808'])('%s fits', (text) => {
  expect(isInt64(text)).toBe(true);
});

test.each(['', 'x', '1.0', '+1', '0x1', ' 1', '9223372036854775808', '-9223372036854775809', '9999999999999999999', '0'.repeat(20)])(
  '%o does not',
  (text) => {
    expect(isInt64(text)).toBe(false);
  },
);
