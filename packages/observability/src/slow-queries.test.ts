import { createTestClock } from '@sophia/shared/testing';
import { expect, it } from 'vitest';
import { createSlowQueries } from './slow-queries.ts';
import { createTestObservability } from './testing/index.ts';

const create = (capacity?: number) => {
  const clock = createTestClock(1_000);
  const observability = createTestObservability();
  const queries = createSlowQueries({ threshold: 100, clock, logger: observability.logger, capacity });
  return { queries, clock, ...observability };
};

it('slow queries that differ in their literals are one, with count, total, maximum and last time', async () => {
  const { queries, clock, lines, close } = create();
  queries.observe('duckdb', `select * from deal where id in (1, 2, 3)\n and name = 'It''s' and x1 = -1.5`, 150);
  clock.advance(1_000);
  queries.observe('duckdb', `select * from deal where id in (7) and name = 'other' and x1 = 9`, 300);
  queries.observe('postgres', 'select $1::int', 200);
  queries.observe('postgres', 'select 1', 100);
  expect(queries.list()).toEqual([
    {
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      system: 'duckdb',
      text: 'select * from deal where id in (?) and name = ? and x1 = ?',
      count: 2,
      totalMilliseconds: 450,
      maximumMilliseconds: 300,
      last: '1970-01-01T00:00:02.000Z',
    },
    expect.objectContaining({ system: 'postgres', text: 'select $1::int', count: 1 }),
  ]);
  expect(lines()).toHaveLength(3);
  expect(lines()[0]).toMatchObject({ msg: 'slow query', system: 'duckdb', milliseconds: 150, fingerprint: queries.list()[0]?.fingerprint });
  await close();
});

it('the least recently seen give way to new ones', async () => {
  const { queries, close } = create(2);
  queries.observe('postgres', 'select a', 200);
  queries.observe('postgres', 'select b', 200);
  queries.observe('postgres', 'select a', 200);
  queries.observe('postgres', 'select c', 200);
  expect(queries.list().map(({ text }) => text)).toEqual(['select a', 'select c']);
  await close();
});

it('a statement of any length is kept short', async () => {
  const { queries, close } = create();
  queries.observe('duckdb', `delete from deal where id in (${Array.from({ length: 100_000 }, (_, index) => index).join(',')})`, 200);
  queries.observe('duckdb', `select ${'a_long_name + '.repeat(10_000)}`, 200);
  for (const { text } of queries.list()) expect(text.length).toBeLessThanOrEqual(2_000);
  await close();
});
