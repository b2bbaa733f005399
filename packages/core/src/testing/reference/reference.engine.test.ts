import type { Cell, MetricQuery, PolicyScope } from '@sophia/types';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileQuery } from '../../query/compile-query.ts';
import { createTestEngine, type TestEngine, type TestRecord } from '../test-engine.ts';
import { accumulableMeasure, type RandomMeasure, REFERENCE_TYPES, randomMeasure, worldOf } from './random-models.ts';
import { randomPolicy, seenRecords } from './random-policies.ts';
import { lacksTime, randomQuery } from './random-queries.ts';
import { instant, type RandomRecords, randomRecords, recordsOf, referenceRows, statesOf, versionsOf } from './random-records.ts';
import { evaluateReference, type ReferenceWorld } from './reference-evaluator.ts';

const close = (one: Cell, other: Cell): boolean => {
  if (typeof one !== 'number' || typeof other !== 'number') return one === other;
  return one === other || Math.abs(one - other) <= 1e-9 * Math.max(Math.abs(one), Math.abs(other));
};

describe('the compiler and the reference evaluator', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await createTestEngine(REFERENCE_TYPES);
  });
  afterAll(() => engine.close());

  const RUNS = { numRuns: Number(process.env.REFERENCE_RUNS ?? 300), seed: 20_171_231 };

  /** Fills the tables, and asks both. */
  const compareBoth = async (
    asked: MetricQuery,
    measures: readonly RandomMeasure[],
    records: readonly TestRecord[],
    rows: Pick<ReferenceWorld, 'rows' | 'past'>,
    scope?: PolicyScope,
  ): Promise<void> => {
    fc.pre(!lacksTime(asked, measures));
    const { layer, metrics } = worldOf(measures);
    for (const { name } of REFERENCE_TYPES) await engine.execute(`delete from "${name}"; delete from "${name}_history"`);
    await engine.insert(records);
    const answer = await engine.ask(asked, layer, { policy: scope });
    const expected = evaluateReference(asked, { ...rows, metrics, smallestGroup: scope?.types.deal?.smallestGroup });
    const explained = (): string =>
      JSON.stringify({
        asked,
        measures,
        answer: answer.rows,
        expected,
        scope,
        sql: compileQuery(asked, layer, { ...engine.context, policy: scope }).text,
      });
    expect(answer.rows.length, explained()).toBe(expected.length);
    answer.rows.forEach((row, index) => {
      expect(
        row.every((cell, column) => close(cell, expected[index]?.[column] ?? null)),
        explained(),
      ).toBe(true);
    });
  };

  it('law: they give the same answer over random models, data and queries', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(randomMeasure, randomMeasure, accumulableMeasure), randomRecords, randomQuery, (measures, records, asked) =>
        compareBoth(asked, measures, recordsOf(records), { rows: referenceRows(records) }),
      ),
      RUNS,
    );
  });

  it('law: they give the same answer as of any moment, of records and of what they refer to', { timeout: 300_000 }, async () => {
    const moment = fc.constantFrom(5, 10, 12, 15, 17, 20, 22, 25, 27, 30, 40);
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(randomMeasure, randomMeasure, accumulableMeasure),
        randomRecords,
        randomRecords,
        randomQuery,
        moment,
        (measures, before, now, asked, second) =>
          compareBoth({ ...asked, as_of: instant(second) }, measures, versionsOf(before, now), {
            rows: referenceRows(now),
            past: statesOf(before, now),
          }),
      ),
      RUNS,
    );
  });

  it('law: they give the same answer for a principal who sees a part, now and as of any moment', { timeout: 300_000 }, async () => {
    const moment = fc.option(fc.constantFrom(12, 17, 22, 27, 40), { nil: undefined });
    const measures = fc.tuple(randomMeasure, randomMeasure, accumulableMeasure);
    await fc.assert(
      fc.asyncProperty(
        measures,
        fc.tuple(randomRecords, randomRecords),
        randomQuery,
        moment,
        randomPolicy,
        (each, [before, now], asked, second, scope) => {
          const see = (records: RandomRecords): RandomRecords => seenRecords(records, before, now, scope);
          return compareBoth(
            second === undefined ? asked : { ...asked, as_of: instant(second) },
            each,
            versionsOf(before, now),
            { rows: referenceRows(see(now)), past: statesOf(before, now, see) },
            scope,
          );
        },
      ),
      RUNS,
    );
  });
});
