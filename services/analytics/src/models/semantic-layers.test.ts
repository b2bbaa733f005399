import type { SemanticFile } from '@sophia/core';
import { BUILTIN_RECORD_TYPES, type WorkspaceId } from '@sophia/types';
import { expect, it } from 'vitest';
import { createSemanticLayers } from './semantic-layers.ts';

const W = 1 as WorkspaceId;
const modelOf = (metric: string): readonly SemanticFile[] => [
  {
    path: 'deal.yaml',
    text: `
semantic_models:
  - name: deal
    record_type: deal
    default_time_dimension: close_date
    entities: [{ name: deal, type: primary }]
    dimensions: [{ name: close_date, type: time }]
    measures: [{ name: deals, aggregation: count }]
metrics:
  - { name: ${metric}, type: simple, measure: deals }
`,
  },
];
const INVALID: readonly SemanticFile[] = [{ path: 'deal.yaml', text: 'semantic_models: [{ name: deal, record_type: nothing }]' }];

/** Layers whose files are read when a reading is let go, in the order in which they were begun. */
const open = () => {
  const asked: PromiseWithResolvers<readonly SemanticFile[]>[] = [];
  const layers = createSemanticLayers({
    readModels() {
      const files = Promise.withResolvers<readonly SemanticFile[]>();
      asked.push(files);
      return files.promise;
    },
    readRecordTypes: async () => BUILTIN_RECORD_TYPES,
  });
  const metrics = async () => (await layers.layer(W)).metrics.map(({ name }) => name);
  return { layers, asked, metrics };
};

it('models that are invalid from the beginning are refused with their problems, until they are mended', async () => {
  const { layers, asked, metrics } = open();
  const refused = layers.layer(W);
  asked[0]?.resolve(INVALID);
  await expect(refused).rejects.toMatchObject({ code: 'semantic_model_invalid', message: expect.stringContaining('deal.yaml') });
  expect([layers.peek(W), layers.problems().get(W)?.length]).toEqual([undefined, expect.any(Number)]);

  const mended = metrics();
  asked[1]?.resolve(modelOf('deals'));
  expect(await mended).toEqual(['deals']);
  expect(layers.problems().get(W)).toEqual([]);
});

it('models that become invalid leave the ones before in force, and tell their problems', async () => {
  const { layers, asked, metrics } = open();
  const first = metrics();
  asked[0]?.resolve(modelOf('deals'));
  await first;
  const reloading = layers.reload(W);
  asked[1]?.resolve(INVALID);
  const problems = await reloading;
  expect(problems.length).toBeGreaterThan(0);
  expect([await metrics(), layers.problems().get(W), asked.length]).toEqual([['deals'], problems, 2]);
});

it('whoever asks for a layer while it is read waits for that reading', async () => {
  const { asked, metrics } = open();
  const both = [metrics(), metrics()];
  expect(asked).toHaveLength(1);
  asked[0]?.resolve(modelOf('deals'));
  expect(await Promise.all(both)).toEqual([['deals'], ['deals']]);
});

it('files that change while they are read are those of the last reading, whichever ends first', async () => {
  const { layers, asked, metrics } = open();
  const [earlier, later] = [layers.reload(W), layers.reload(W)];
  asked[1]?.resolve(modelOf('later'));
  expect(await later).toEqual([]);
  asked[0]?.resolve(modelOf('earlier'));
  expect(await earlier).toEqual([]);
  expect(await metrics()).toEqual(['later']);
});

it('types that change while the models are read have them read anew', async () => {
  const { layers, asked, metrics } = open();
  const found = metrics();
  layers.outdate(W);
  asked[0]?.resolve(modelOf('before'));
  await expect.poll(() => asked.length).toBe(2);
  asked[1]?.resolve(modelOf('after'));
  expect(await found).toEqual(['after']);
  expect(layers.peek(W)?.metrics.map(({ name }) => name)).toEqual(['after']);
});

it('whoever waits for the first reading is given the layer of the one that began meanwhile', async () => {
  const { layers, asked, metrics } = open();
  const found = metrics();
  const reloading = layers.reload(W);
  asked[0]?.resolve(modelOf('earlier'));
  // Its reading has ended by then.
  await new Promise((resolve) => setImmediate(resolve));
  asked[1]?.resolve(modelOf('later'));
  expect([await found, await reloading, asked.length]).toEqual([['later'], [], 2]);
});
