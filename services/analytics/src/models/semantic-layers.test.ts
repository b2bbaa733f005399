import { listMetrics, type SemanticFile } from '@sophia/core';
import { BUILTIN_RECORD_TYPES, type RecordTypeDefinition, type SemanticLayer, type WorkspaceId } from '@sophia/types';
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
const INVALID: readonly SemanticFile[] = [{ path: 'deal.yaml', text: 'metrics: [{ name: deals, type: simple, measure: nothing }]' }];

/** Layers whose files are read when a reading is let go, in the order in which they were begun. */
const open = () => {
  const asked: PromiseWithResolvers<readonly SemanticFile[]>[] = [];
  const lines: unknown[] = [];
  const line = (fields: unknown, message?: string): void => void lines.push([message, fields]);
  let types: readonly RecordTypeDefinition[] = BUILTIN_RECORD_TYPES;
  const layers = createSemanticLayers({
    readModels() {
      const files = Promise.withResolvers<readonly SemanticFile[]>();
      asked.push(files);
      return files.promise;
    },
    readRecordTypes: async () => types,
    logger: { info: line, error: line },
  });
  const metrics = async () => (await layers.layer(W)).metrics.map(({ name }) => name);
  /** The types become others, and the files, as they then are, are read anew. */
  const become = async (to: readonly RecordTypeDefinition[], files: readonly SemanticFile[]): Promise<void> => {
    types = to;
    layers.outdate(W);
    const reading = layers.layer(W);
    asked.at(-1)?.resolve(files);
    await reading;
  };
  const offered = () => listMetrics(layers.peek(W) as SemanticLayer).map(({ name }) => name);
  return { layers, asked, lines, metrics, become, offered };
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

it('models that cannot be read are told of until they can, and those before stay in force', async () => {
  const { layers, asked, metrics } = open();
  const first = metrics();
  asked[0]?.resolve(modelOf('deals'));
  await first;
  const [outrun, failing] = [layers.reload(W), layers.reload(W)];
  asked[1]?.reject(new Error('not of the last reading'));
  asked[2]?.reject(new Error('no such folder'));
  await expect(failing).rejects.toThrow('no such folder');
  await expect(outrun).rejects.toThrow('not of the last reading');
  const message = 'the models could not be read, so none of their changes are taken: Error: no such folder';
  expect([await metrics(), layers.problems().get(W)]).toEqual([['deals'], [{ path: 'models', line: 1, column: 1, message }]]);

  const mended = layers.reload(W);
  asked[3]?.resolve(modelOf('later'));
  expect([await mended, await metrics(), layers.problems().get(W)]).toEqual([[], ['later'], []]);
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

it('files are in force when their reading has ended, also where another one began meanwhile', async () => {
  const { layers, asked, offered } = open();
  const first = layers.reload(W);
  asked[0]?.resolve(modelOf('before'));
  await first;
  const second = layers.reload(W);
  const third = layers.reload(W);
  const seen = second.then(offered);
  asked[1]?.resolve(modelOf('after'));
  await new Promise(setImmediate);
  asked[2]?.resolve(modelOf('after'));
  expect(await seen).toEqual(['after']);
  await third;
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

const SHOP: readonly SemanticFile[] = [
  ...modelOf('deals'),
  {
    path: 'shop.yaml',
    text: `
semantic_models:
  - name: order
    record_type: order
    measures: [{ name: total, aggregation: sum, expression: total }]
metrics: [{ name: shop_total, type: simple, measure: total }]
`,
  },
];
const orders = (type: 'integer' | 'text'): readonly RecordTypeDefinition[] => [
  ...BUILTIN_RECORD_TYPES,
  { name: 'order', description: '', origin: 'workspace', revision: 1, fields: [{ name: 'total', type }] },
];
const UNFIT = { path: 'shop.yaml', line: 5, column: 61, message: 'sum cannot be applied to a text' };

it('what does not fit the record types any more is left out, the rest stays, and one line tells of each change', async () => {
  const { layers, lines, become, offered } = open();
  await become(orders('integer'), SHOP);
  const fitting = layers.peek(W)?.hash;
  expect([offered(), lines]).toEqual([['deals', 'shop_total'], []]);

  for (const _again of [1, 2]) await become(orders('text'), SHOP);
  expect([offered(), layers.problems().get(W)]).toEqual([['deals'], [UNFIT]]);
  expect(layers.peek(W)?.hash).not.toBe(fitting);

  await become(orders('integer'), SHOP);
  expect([offered(), layers.problems().get(W), layers.peek(W)?.hash]).toEqual([['deals', 'shop_total'], [], fitting]);
  expect(lines).toEqual([
    ['semantic models have problems; questions for what does not fit are refused', { workspace: W, problems: [UNFIT] }],
    ['the semantic models fit the record types again', { workspace: W }],
  ]);
});

it('files that fit only in part are in force from the beginning', async () => {
  const { become, offered } = open();
  await become(orders('text'), SHOP);
  expect(offered()).toEqual(['deals']);
});

it('files that bring a new problem are not taken; others are, though something is left out of them', async () => {
  const { layers, asked, become, offered } = open();
  const reload = async (files: readonly SemanticFile[]) => {
    const reloading = layers.reload(W);
    asked.at(-1)?.resolve(files);
    return (await reloading).map(({ message }) => message);
  };
  await become(orders('text'), SHOP);
  const more = (expression: string): readonly SemanticFile[] => [
    ...SHOP,
    { path: 'more.yaml', text: `metrics: [{ name: more, type: derived, expression: ${expression} }]` },
  ];
  expect(await reload(more('deals +'))).toHaveLength(2);
  expect(offered()).toEqual(['deals']);
  expect(await reload(more('deals + 1'))).toEqual([UNFIT.message]);
  expect(offered()).toEqual(['deals', 'more']);

  // The files in force are those before the mistake, and are judged by the types of now.
  await reload(INVALID);
  await become(orders('integer'), INVALID);
  expect(offered()).toEqual(['deals', 'shop_total', 'more']);
});

it('a file that came to define nothing takes no metric away until it is removed; at a start it is a file without definitions', async () => {
  const { layers, asked, become, offered } = open();
  const reload = async (files: readonly SemanticFile[]) => {
    const reloading = layers.reload(W);
    asked.at(-1)?.resolve(files);
    return reloading;
  };
  const [deals, shop] = SHOP as readonly [SemanticFile, SemanticFile];
  const blank = (text: string): SemanticFile => ({ path: 'shop.yaml', text });
  const problem = {
    path: 'shop.yaml',
    line: 1,
    column: 1,
    message: 'the file defines nothing, and had definitions before: remove it if they are to go',
  };
  await become(orders('integer'), [deals, blank('')]);
  expect([offered(), layers.problems().get(W)]).toEqual([['deals'], []]);
  expect([await reload(SHOP), offered()]).toEqual([[], ['deals', 'shop_total']]);

  for (const text of [' \n', '# Orders.\n', '---\n', 'null\n', 'semantic_models:\nmetrics:\n'])
    expect([await reload([deals, blank(text)]), offered()]).toEqual([[problem], ['deals', 'shop_total']]);
  const withoutMetrics = `${shop.text.split('metrics:')[0]}metrics:\n`;
  expect([await reload([deals, blank(withoutMetrics)]), offered()]).toEqual([
    [{ ...problem, message: 'metrics defines nothing, and had definitions before: remove it if they are to go' }],
    ['deals', 'shop_total'],
  ]);
  const broken = (await reload([deals, blank('metrics: [')])).map(({ message }) => message);
  expect([broken.length, broken.some((message) => message.includes('defines nothing')), offered()]).toEqual([
    1,
    false,
    ['deals', 'shop_total'],
  ]);
  // Also where the types change meanwhile.
  await become(orders('text'), [deals, blank('')]);
  expect([offered(), layers.problems().get(W)]).toEqual([['deals'], [problem]]);
  await become(orders('integer'), [deals, blank('')]);
  expect([await reload([deals, { ...shop, text: '', unreadable: 'cannot be read' }]), offered()]).toEqual([
    [{ ...problem, message: expect.not.stringContaining('defines nothing') }],
    ['deals', 'shop_total'],
  ]);

  expect([await reload([deals]), offered()]).toEqual([[], ['deals']]);
  // What never was in force takes nothing away.
  const another = open();
  await another.become(orders('integer'), [deals, blank('metrics: [')]).catch(() => undefined);
  await another.become(orders('integer'), [deals, blank('')]);
  expect([another.offered(), another.layers.problems().get(W)]).toEqual([['deals'], []]);
  for (const text of ['# nothing yet\n', '']) expect(await reload([deals, blank(text)])).toEqual([]);
});

it('a reading that was overtaken tells nothing', async () => {
  const { layers, asked, lines } = open();
  const overtaken = layers.layer(W);
  const reloading = layers.reload(W);
  asked[1]?.resolve(SHOP);
  asked[0]?.resolve(SHOP);
  expect([(await reloading).length, (await overtaken).hash, lines]).toEqual([1, layers.peek(W)?.hash, []]);
});
