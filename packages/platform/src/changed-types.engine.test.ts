import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestObservability } from '@sophia/observability/testing';
import type { JsonObject } from '@sophia/types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SAMPLE_FOLDER } from './load-sample.ts';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

const MODEL = `semantic_models:
  - name: parcel
    record_type: parcel
    entities: [{ name: parcel, type: primary }]
    dimensions: [{ name: region, type: categorical }]
    measures: [{ name: parcels, aggregation: count }, { name: weight, aggregation: sum, expression: weight }]
metrics:
  - { name: parcels, type: simple, measure: parcels }
  - { name: parcel_weight, type: simple, measure: weight }
  - { name: weight_of_parcel, type: ratio, numerator: parcel_weight, denominator: parcels }
`;
const WEIGHT = { metrics: ['parcel_weight'] };
const PARCELS = { metrics: ['parcels'] };
const REFUSED = 'semantic models have problems; questions for what does not fit are refused';

const observability = createTestObservability();
let test: TestPlatform;
beforeAll(async () => {
  test = await openTestPlatform({ observability });
  const models = join(test.platform.configuration.dataDirectory, 'models', 'main');
  await cp(join(SAMPLE_FOLDER, 'models'), models, { recursive: true });
  await writeFile(join(models, 'parcel.yaml'), MODEL);
});
afterAll(() => test.close());

/** Defines the type, and waits until the warehouse has it. */
const define = async (properties: JsonObject, id: string): Promise<void> => {
  await test.platform.catalog.recordTypes.define(test.call, 'parcel', {
    type: 'object',
    properties: { region: { type: 'string' }, ...properties },
  });
  await test.apply('parcel', id, { region: 'west' });
};
const offered = async () =>
  (await test.platform.analytics.metrics(test.call)).map(({ name }) => name).filter((name) => /parcel/.test(name));
const refused = (message: string) =>
  expect.objectContaining({
    code: 'semantic_model_invalid',
    message: expect.stringMatching(new RegExp(`parcel\\.yaml:6:\\d+: ${message}`)),
  });
const problems = async () =>
  (await test.platform.analytics.status()).problems.flatMap((each) => each.problems.map(({ message }) => message));
const linesOf = (msg: string) => observability.lines().filter((line) => line.msg === msg);

it('a metric whose field has another type is refused by itself, at once and after a restart, until it fits again', async () => {
  const { analytics } = test.platform;
  await define({ weight: { type: 'integer' } }, 'first');
  await analytics.reloadModels(test.workspace.id);
  await test.apply('parcel', 'second', { region: 'east', weight: 5 });
  expect([(await test.ask(WEIGHT)).rows, await offered()]).toEqual([[[5]], ['parcels', 'parcel_weight', 'weight_of_parcel']]);
  analytics.remember(test.call, 'weight', WEIGHT);
  expect(analytics.peek(test.call, 'weight')).toBeDefined();

  await define({ weight: { type: 'string' } }, 'third');
  const told = 'sum cannot be applied to a text';
  await expect(test.ask(WEIGHT)).rejects.toEqual(refused(told));
  await expect(test.ask({ ...WEIGHT, as_of: new Date().toISOString() })).rejects.toEqual(refused(told));
  await expect(test.ask({ metrics: ['weight_of_parcel'] })).rejects.toEqual(refused(told));
  expect(analytics.peek(test.call, 'weight')).toBeUndefined();
  expect([(await test.ask(PARCELS)).rows, await offered(), await problems()]).toEqual([[[3]], ['parcels'], [told]]);
  expect(linesOf(REFUSED)).toHaveLength(1);

  await test.restart();
  await expect(test.ask(WEIGHT)).rejects.toEqual(refused(told));
  expect([(await test.ask(PARCELS)).rows, (await test.ask({ metrics: ['deals_won'] })).rows]).toEqual([[[3]], [[0]]]);
  expect([await offered(), await problems()]).toEqual([['parcels'], [told]]);

  await define({ weight: { type: 'integer' } }, 'fourth');
  expect([(await test.ask(WEIGHT)).rows, await problems()]).toEqual([[[5]], []]);
});

it('a metric whose field is gone is refused, not null', async () => {
  await define({}, 'fifth');
  await expect(test.ask(WEIGHT)).rejects.toEqual(refused('parcel has no field weight'));
  expect((await test.ask(PARCELS)).rows).toEqual([[5]]);
});
