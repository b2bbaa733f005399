import { expect, it } from 'vitest';
import { plotLine } from './line-plot.ts';

const plot = (values: readonly (number | null)[], width: number) =>
  plotLine(values, { width, label: (value) => String(Math.round(value)) });

it('the axis goes from the least to the greatest, the line from value to value, and each is repeated where there is room', () => {
  const { text, margin, columns } = plot([0, 12, 6], 16);
  expect([margin, columns]).toEqual([4, 12]);
  expect(text).toMatchInlineSnapshot(`
    "12 ┤    ╭───╮
    11 ┤    │   │
    10 ┤    │   │
     9 ┤    │   │
     8 ┤    │   │
     7 ┤    │   │
     6 ┤    │   ╰───
     5 ┤    │
     4 ┤    │
     3 ┤    │
     2 ┤    │
     1 ┤    │
     0 ┤────╯"
  `);
  expect(plot([5, 5, 5], 8).text).toBe('5 ┤───');
});

it('the line is broken where a value is not there', () => {
  expect(plot([null, 1, null, 1, null], 8).text).toBe('1 ┤ ─ ─');
});

it('of more values than there is room for, no peak and no trough is lost', () => {
  const daily = Array.from({ length: 365 }, (_, day) => (day === 100 ? 1_000 : day === 250 ? -1_000 : day % 7));
  const { text, columns } = plot(daily, 47);
  expect(columns).toBe(40);
  const lines = text.split('\n');
  expect([lines[0], lines.at(-1)]).toEqual([expect.stringMatching(/^ 1000 ┤ *[╭╮]+$/), expect.stringMatching(/^-1000 ┤ *[╰╯]+$/)]);
  const empty = daily.map((value, day) => (day > 180 && day < 300 ? null : value));
  expect(plot(empty, 47).text).toMatch(/[─╮╯] {8,}[─╭╰]/);
});
