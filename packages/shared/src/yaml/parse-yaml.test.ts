import { describe, expect, test } from 'vitest';
import { LineCounter } from 'yaml';
import { parseYaml } from './parse-yaml.ts';

const told = (text: string, mostTokens?: number) => {
  const lineCounter = new LineCounter();
  const documents = parseYaml(text, { lineCounter, ...(mostTokens === undefined ? {} : { mostTokens }) });
  return documents.flatMap(({ errors }) => errors).map(({ pos, message }) => `${lineCounter.linePos(pos[0]).line}: ${message}`);
};

test('documents come as they are written, and one where there is none', () => {
  expect(parseYaml('a: [1, { b: c }]\n---\n- d\n').map((document) => document.toJS())).toEqual([{ a: [1, { b: 'c' }] }, ['d']]);
  expect(parseYaml('').map((document) => document.toJS())).toEqual([null]);
  expect(told('a: [')).toEqual(['1: Flow sequence in block collection must be sufficiently indented and end with a ]']);
});

describe('what is nested too deep is not read on, and told once, with its line', () => {
  test.each([
    ['lists', `a:\n  ${'['.repeat(100_000)}`],
    ['closed lists', `a:\n  ${'['.repeat(300)}${']'.repeat(300)}`],
    ['maps', `a:\n  ${'{ a: '.repeat(50_000)}`],
    ['lists of blocks', `a:\n  ${'- '.repeat(100_000)}`],
    ['keys', `a:\n  ${'? '.repeat(100_000)}`],
  ])('%s', (_, text) => {
    expect(told(text)).toEqual(['2: nested deeper than 200 levels']);
  });

  test('by their indentation, too; what is less deep is read', () => {
    const levels = (count: number) => Array.from({ length: count }, (_, level) => `${' '.repeat(level)}a:`).join('\n');
    expect(told(levels(150))).toEqual([]);
    expect(told(levels(500))).toEqual([expect.stringMatching(/^(19\d|20\d): nested deeper than 200 levels$/)]);
  });
});

test('nor what has too many tokens, where there is a limit', () => {
  const text = `a: 1\nb: [${','.repeat(100_000)}`;
  expect(told(text, 1_000)).toEqual(['2: more than 1,000 names, values and signs']);
  expect(told('a: 1\n'.repeat(10), 1_000)).not.toEqual(['2: more than 1,000 names, values and signs']);
});
