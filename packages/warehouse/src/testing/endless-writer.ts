import { createDuckDbWarehouse } from '../duckdb-warehouse.ts';
import type { Warehouse, WarehouseBatch } from '../warehouse.ts';
import { createLogScript } from './log-script.ts';

/**
 * A process that is made to be killed: `apply` writes a new version of the same records in each tick; `rebuild` makes the
 * warehouse anew, again and again. It says what it does.
 */
const [mode, options, rows] = process.argv.slice(2);
const say = (word: string) => process.stdout.write(`${word}\n`);
const warehouse = await createDuckDbWarehouse(JSON.parse(options ?? ''));
const batches = ticks(Number(rows));

if (mode === 'apply') await applyFrom(warehouse, Number.POSITIVE_INFINITY);
await applyFrom(warehouse, 5);
for (;;) {
  const rebuild = await warehouse.startRebuild();
  say('rebuilding');
  for (let tick = 1; tick <= warehouse.applied().tick; tick++) await rebuild.apply(batches(tick));
  say('switching');
  await rebuild.switchOver();
}

async function applyFrom({ applied, apply }: Warehouse, last: number): Promise<void> {
  for (let tick = applied().tick + 1; tick <= last; tick++) {
    await apply(batches(tick));
    say('applied');
  }
}

/** Batches by tick, the same in every process. */
function ticks(count: number): (tick: number) => WarehouseBatch {
  const log = createLogScript();
  const made: WarehouseBatch[] = [];
  return (tick) => {
    while (made.length < tick) {
      const version = made.length + 1;
      made.push(log.next(...Array.from({ length: count }, (_, at) => log.upsert(at + 1, { seats: version }, { version }))));
    }
    return made[tick - 1] as WarehouseBatch;
  };
}
