import { describe, expect, it } from 'vitest';
import { boundRows } from './bound-rows.ts';

describe('rows that are bound to a statement', () => {
  const rows = boundRows(
    [
      { name: 'line', type: 'int4' },
      { name: 'system', type: 'text' },
      { name: 'note', type: 'jsonb' },
    ],
    [['system', 'note'], ['note']],
    (relation, shape) => ({ relation, shape }),
  );

  it('are a relation with an array for each column in which they may differ', () => {
    const different = [
      [1, 'erp', null],
      [2, 'crm', '{}'],
    ];
    const likewise = different.map(([line, system]) => [line, system, null]);
    const relations = [likewise.slice(0, 1), likewise, different].map((given) => rows.bind(given).statements.relation);
    expect(relations).toEqual([
      '(select line, $2::text as system, $3::jsonb as note from unnest($1::int4[]) as u (line))',
      '(select line, system, $3::jsonb as note from unnest($1::int4[], $2::text[]) as u (line, system))',
      '(select line, system, note from unnest($1::int4[], $2::text[], $3::jsonb[]) as u (line, system, note))',
    ]);
  });

  it.each([
    [
      'of one system without notes',
      [
        [1, 'erp', null],
        [2, 'erp', null],
      ],
      0,
      [[1, 2], 'erp', null],
    ],
    [
      'of two systems',
      [
        [1, 'erp', null],
        [2, 'crm', null],
      ],
      1,
      [[1, 2], ['erp', 'crm'], null],
    ],
    [
      'of one system with a note',
      [
        [1, 'erp', null],
        [2, 'erp', '{}'],
      ],
      2,
      [
        [1, 2],
        ['erp', 'erp'],
        [null, '{}'],
      ],
    ],
    ['that is one alone', [[1, 'erp', '{}']], 0, [[1], 'erp', '{}']],
    ['of which there is none', [], 0, [[], undefined, undefined]],
  ])('take the shape that spares most: %s', (_what, given, shape, values) => {
    const { statements, ...bound } = rows.bind(given);
    expect({ shape: statements.shape, ...bound }).toEqual({ shape, values });
  });
});
