import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Call, JsonObject } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SAMPLE_FOLDER } from './load-sample.ts';
import type { TestPlatform } from './testing/test-platform.ts';
import { openTwoPlatforms, type TwoPlatforms } from './testing/two-platforms.ts';

/** A bound on what never comes, not on slow machines. */
const APPLY_MS = 30_000;

let two: TwoPlatforms;
beforeAll(async () => {
  two = await openTwoPlatforms();
});
afterAll(() => two.close());

/** Defines a type through an instance; resolves to the token. */
const define = async ({ platform, call }: TestPlatform, name: string, properties: JsonObject): Promise<string> =>
  (await platform.catalog.recordTypes.define(call, name, { type: 'object', properties })).token;
const read = async ({ platform }: TestPlatform, call: Call, recordType: string, sourceId: string, after?: string) =>
  (await platform.catalog.records.getByKey(call, { recordType, sourceSystem: 'test' }, sourceId, { after })).data;

describe('a type that one instance changes', () => {
  it('hides what it masks at the other as soon as that has applied it', async () => {
    const { one, other } = two;
    await define(one, 'visit', { phone: { type: 'string' } });
    await one.write('visit', 'first', { phone: '555' });
    const analyst = other.as('analyst');
    expect(await read(other, analyst, 'visit', 'first')).toMatchObject({ phone: '555' });
    const after = await define(one, 'visit', { phone: { type: 'string', 'x-contact': true } });
    await other.platform.analytics.waitForWrite(after, APPLY_MS);
    expect(await read(other, analyst, 'visit', 'first')).toMatchObject({ phone: null });
  });

  it('is what the semantic models of the other are judged by from then on', async () => {
    const { one, other } = two;
    const models = join(other.platform.configuration.dataDirectory, 'models', 'main');
    await cp(join(SAMPLE_FOLDER, 'models'), models, { recursive: true });
    await writeFile(
      join(models, 'parcel.yaml'),
      `semantic_models:
  - name: parcel
    record_type: parcel
    entities: [{ name: parcel, type: primary }]
    measures: [{ name: weight, aggregation: sum, expression: weight }]
metrics: [{ name: parcel_weight, type: simple, measure: weight }]
`,
    );
    await define(one, 'parcel', { weight: { type: 'string' } });
    await other.platform.analytics.reloadModels(other.workspace.id);
    await define(one, 'parcel', { weight: { type: 'integer' } });
    await other.platform.analytics.waitForWrite(await one.write('parcel', 'first', { weight: 5 }), APPLY_MS);
    expect((await other.ask({ metrics: ['parcel_weight'] })).rows).toEqual([[5]]);
  });
});
