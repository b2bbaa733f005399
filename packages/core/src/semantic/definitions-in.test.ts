import { expect, test } from 'vitest';
import { definitionsIn } from './definitions-in.ts';

const SHOP = 'semantic_models: [{ name: shop }]\nmetrics: [{ name: a }, { name: b }]\n';

test.each([
  [SHOP, { semantic_models: 1, metrics: 2 }],
  [`# A shop.\n${SHOP}---\nmetrics: [{ name: c }]\n`, { semantic_models: 1, metrics: 3 }],
  ['semantic_models:\nmetrics:\n', { semantic_models: 0, metrics: 0 }],
  ['? [a]\n: b\n', { '': 0 }],
  ['', {}],
  ['# nothing yet\n', {}],
  ['---\n', {}],
  ['null\n', {}],
  ['- a\n', {}],
])('%j has these definitions', (text, counts) => {
  expect(Object.fromEntries(definitionsIn(text) ?? [])).toEqual(counts);
});

test('a text that is no YAML has no definitions that could be counted', () => {
  expect(definitionsIn('metrics: [{')).toBeUndefined();
});
