import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '@sophia/shared';
import type { Call } from '@sophia/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CatalogHarness, createCatalogHarness } from '../testing/catalog-harness.ts';
import type { ImportingOrder } from '../testing/importing-process.ts';
import { numberedItems } from '../testing/numbered-items.ts';
import { brokenChains, readChains } from '../testing/record-chains.ts';

let harness: CatalogHarness;
beforeAll(async () => {
  harness = await createCatalogHarness();
});
afterAll(() => harness.close());

const ROWS = 12_000;
const idempotency = { route: 'POST /records/product', key: 'stream-1' };

test('an import whose process is killed goes on where it was, and its one report adds up', async () => {
  const { catalog, database } = harness;
  const workspace = await harness.workspace();
  const call = harness.callOf(workspace);
  const random = seededRandom(7);
  let id = '';
  let lastRead = -1;
  for (let round = 0; round < 4; round++) {
    // Its stream hangs a little further on than that of the last one.
    const { child, importId } = await startImporting(call, (round + 1) * 2_700);
    id = importId;
    await expect.poll(async () => (await catalog.imports.get(call, id)).read).toBeGreaterThan(lastRead);
    await delay(random() * 40);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect.poll(async () => (await catalog.imports.get(call, id)).state).toBe('interrupted');
    lastRead = (await catalog.imports.get(call, id)).read;
  }
  expect(lastRead).toBeGreaterThan(0);
  expect(lastRead).toBeLessThan(ROWS);

  const resumed = await catalog.imports.start(call, { name: 'numbered', kind: 'http', idempotency }, numberedItems(ROWS, 0));
  expect(resumed).toMatchObject({ id, origin: 'resumed' });
  const report = await resumed.finished;
  // One in fifty is a repeated key with another price or the same, one in a hundred is refused.
  const expected = expectedCounts(ROWS);
  expect(report).toMatchObject({ state: 'finished', read: ROWS, ...expected, repairs: { tens: ROWS / 10 } });
  expect(await brokenChains(database, workspace.id)).toEqual([]);
  expect((await readChains(database, workspace.id)).length).toBe(expected.created + expected.updated);
  const letters = await catalog.deadLetters.list(call, { import: id, limit: 1_000 });
  expect(letters.items.map(({ line }) => line).sort((one, other) => one - other)).toEqual(
    Array.from({ length: ROWS / 100 }, (_, index) => index * 100 + 7),
  );

  const repeated = await catalog.imports.start(call, { name: 'numbered', kind: 'http', idempotency }, numberedItems(ROWS, 0));
  expect(repeated).toMatchObject({ id, origin: 'repeated' });
  expect(await repeated.finished).toEqual(report);
}, 120_000);

const expectedCounts = (rows: number) => {
  const rejected = rows / 100;
  const repeated = rows / 50;
  return { created: rows - rejected - repeated, updated: 0, unchanged: repeated, stale: 0, rejected };
};

async function startImporting(call: Call, rows: number): Promise<{ child: ChildProcess; importId: string }> {
  const order: ImportingOrder = {
    app: harness.testDatabase.connection('app'),
    log: harness.testDatabase.connection('log'),
    call,
    rows,
    key: idempotency.key,
  };
  const script = fileURLToPath(new URL('../testing/importing-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) return { child, importId: line };
  throw new Error('The importing process ended before its import began.');
}
