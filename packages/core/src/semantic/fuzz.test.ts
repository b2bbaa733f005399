import { readdir, readFile } from 'node:fs/promises';
import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listMetrics } from '../query/list-metrics.ts';
import { parseSemanticLayer } from './parse-semantic-layer.ts';

const SAMPLE = new URL('../../../../samples/crm/models/', import.meta.url);
const texts = await Promise.all((await readdir(SAMPLE)).map((name) => readFile(new URL(name, SAMPLE), 'utf8')));

/** Reads the files: a layer, which can be used as far as it goes, or problems that each have a place and say something. */
const readOrRefuse = (...files: readonly string[]): void => {
  const { layer, problems } = parseSemanticLayer(
    files.map((text, index) => ({ path: `${index}.yaml`, text })),
    BUILTIN_RECORD_TYPES,
  );
  if (layer === null) expect(problems).not.toEqual([]);
  else listMetrics(layer);
  for (const { path, line, column, message } of problems) {
    expect(path).toMatch(/^\d+\.yaml$/);
    expect([line >= 1, column >= 1, message.length > 0]).toEqual([true, true, true]);
  }
};

const pieces = fc.constantFrom(
  ...[
    '',
    '~',
    '[]',
    '{}',
    '[[',
    '{ a',
    '- ',
    ': ',
    '*a',
    '&a [*a]',
    '<<: *a',
    '!!js/function x',
    '!!binary zz',
    '? x',
    '|',
    '>',
    '---',
    '...',
    '%YAML 9',
  ],
  ...[
    '__proto__',
    'constructor',
    'null',
    'true',
    '1e999',
    '-0',
    '0x10',
    '2017-01-01',
    "'",
    '"',
    '\t',
    '\u0000',
    '\u2028',
    '\ufeff',
    '𝒳',
    '#',
  ],
  ...[
    'name',
    'type',
    'metrics',
    'semantic_models',
    'ratio',
    'derived',
    'cumulative',
    'foreign',
    'expression',
    'amount / 0',
    'revenue - revenue',
  ],
);

/** What stands between two places of a model file becomes something else. */
const changed = fc
  .record({
    text: fc.constantFrom(...texts),
    from: fc.nat(),
    length: fc.nat({ max: 40 }),
    piece: fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 20 })),
  })
  .map(({ text, from, length, piece }) => {
    const start = from % text.length;
    return text.slice(0, start) + piece + text.slice(start + length);
  });

/** A value of a model file becomes another one, so that the file is YAML still. */
const revalued = fc.record({ text: fc.constantFrom(...texts), at: fc.nat(), piece: pieces }).map(({ text, at, piece }) => {
  const values = [...text.matchAll(/: ([^\s{[,}\]][^\n,}\]]*)/g)];
  const found = values[at % Math.max(1, values.length)];
  return found === undefined ? text : `${text.slice(0, found.index)}: ${piece}${text.slice(found.index + found[0].length)}`;
});

describe('whatever stands in the files of semantic models', () => {
  test('is a layer, or problems with their places', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => readOrRefuse(text)),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), fc.constantFrom(' ', '\n', ': ', '\n  - '), (all, between) =>
        readOrRefuse(all.join(between)),
      ),
      { numRuns: 500 },
    );
  });

  test('also where a file is nearly right, beside the others', () => {
    fc.assert(
      fc.property(fc.oneof(changed, revalued), (text) => {
        readOrRefuse(text);
        readOrRefuse(...texts, text);
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    [
      'aliases that grow',
      `a: &a [x]\n${Array.from({ length: 40 }, (_, level) => `b${level}: &b${level} [${level === 0 ? '*a' : `*b${level - 1}, *b${level - 1}`}]`).join('\n')}\nmetrics: *b39\n`,
    ],
    ['an alias of itself', 'metrics: &a [*a]\nsemantic_models: &b { name: *b }\n'],
    ['deep lists', `metrics: ${'['.repeat(10_000)}`],
    ['deep mappings', `metrics: ${'{ a: '.repeat(5_000)}`],
    ['deep blocks', Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['many definitions', `metrics:\n${'  - { name: a }\n'.repeat(3_000)}`],
    ['a metric of itself', 'metrics:\n  - { name: a, type: derived, expression: a + b }\n  - { name: b, type: derived, expression: a }\n'],
  ])('ends, with problems: %s', (_, text) => {
    readOrRefuse(text);
    expect(parseSemanticLayer([{ path: 'a.yaml', text }], BUILTIN_RECORD_TYPES).layer).toBeNull();
  });
});
