import { expect, test } from 'vitest';
import { createLastLines } from './last-lines.ts';

test('lines are passed on as they end, whatever pieces they come in, and cut where they are too long', () => {
  const passed: string[] = [];
  const lines = createLastLines((line) => passed.push(line));
  const bytes = Buffer.from('é one\r\n\ntwo\nthr');
  for (let at = 0; at < bytes.length; at += 1) lines.add(bytes.subarray(at, at + 1));
  expect(passed).toEqual(['é one', 'two']);
  lines.add(Buffer.from(`ee\n${'x'.repeat(10_001)}`));
  expect(passed.slice(2)).toEqual(['three', 'x'.repeat(10_000)]);
  lines.add(Buffer.from('last'));
  expect(lines.last()).toBe(`é one | two | three | ${'x'.repeat(500)} | last`);
  expect(passed.at(-1)).toBe('last');
});

test('the last five are kept', () => {
  const lines = createLastLines(() => undefined);
  expect(lines.last()).toBe('');
  lines.add(Buffer.from('1\n2\n3\n4\n5\n6\n7\n'));
  expect(lines.last()).toBe('3 | 4 | 5 | 6 | 7');
});
