import { expect, it } from 'vitest';
import { cutText, plainLines, plainText, textWidth } from './text-width.ts';

it('nothing turns the direction of what follows, and lines stay lines', () => {
  expect(plainText('invoice\u202ecod.exe \u2066x\u2069')).toBe('invoice\ufffdcod.exe \ufffdx\ufffd');
  expect(plainLines('a\u0007\nb\tc')).toBe('a\ufffd\nb c');
});

it.each([
  ['Acme Ltd', 8],
  ['Müller', 6],
  ['Жарko Ωm', 8],
  ['日本語', 6],
  ['𠮷野家', 6],
  ['𰻞𰻞', 4],
  ['🇩🇪 Bund', 7],
  ['👨‍👩‍👧‍👦 Familie', 10],
  ['👍🏽 ok', 5],
  ['❤️ Herz', 7],
  ['⌚☕', 4],
  ['नमस्ते हिन्दी', 10],
  ['\u1112\u1161\u11ab\u1100\u116e\u11a8', 4],
  ['e\u0301\u0301', 1],
  ['שלום', 4],
  ['', 0],
])('%s takes %i columns', (text, columns) => {
  expect(textWidth(text)).toBe(columns);
});

it('what a reader takes for one character is kept or left whole', () => {
  expect(cutText('👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦', 5)).toBe('👨‍👩‍👧‍👦👨‍👩‍👧‍👦…');
  expect(cutText('🇩🇪🇫🇷', 3)).toBe('🇩🇪…');
  expect(cutText('e\u0301e\u0301e\u0301', 2)).toBe('e\u0301…');
});
