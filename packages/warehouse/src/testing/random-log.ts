import type { FieldDefinition } from '@sophia/types';
import fc from 'fast-check';
import type { WarehouseBatch, WarehouseChange } from '../warehouse.ts';
import type { LogScript } from './log-script.ts';

/** One change of a log in which types change too, and where the log is cut behind it. */
export interface RandomChange {
  readonly action: 'upsert' | 'delete' | 'erase' | 'define';
  readonly type: 'deal' | 'visit';
  readonly id: number;
  /** Of a row: text that fits each of the types, also for fields that are not defined. */
  readonly data: Readonly<Record<string, string>>;
  /** Of a definition. */
  readonly fields: readonly FieldDefinition[];
  readonly endOfTick: boolean;
  readonly endOfBatch: boolean;
}

const NAMES = ['a', 'b', 'c'];
const often = (weight: number): fc.Arbitrary<boolean> => fc.integer({ min: 0, max: 9 }).map((drawn) => drawn < weight);

export const randomLog: fc.Arbitrary<RandomChange[]> = fc.array(
  fc.record({
    action: fc.oneof(
      { arbitrary: fc.constant('upsert' as const), weight: 7 },
      { arbitrary: fc.constant('define' as const), weight: 3 },
      { arbitrary: fc.constantFrom('delete' as const, 'erase' as const), weight: 2 },
    ),
    type: fc.constantFrom('deal' as const, 'visit' as const),
    id: fc.integer({ min: 1, max: 3 }),
    data: fc.dictionary(fc.constantFrom(...NAMES), fc.integer({ min: 0, max: 9 }).map(String)),
    fields: fc
      .subarray(NAMES)
      .chain((names) =>
        fc.tuple(...names.map((name) => fc.record({ name: fc.constant(name), type: fc.constantFrom('text', 'integer', 'money') }))),
      ),
    endOfTick: often(3),
    endOfBatch: often(2),
  }),
  { minLength: 10, maxLength: 40 },
);

/** The log twice: each change a batch of its own, and in the batches that it is cut into. */
export interface CutLog {
  readonly single: readonly WarehouseBatch[];
  readonly cut: readonly WarehouseBatch[];
}

/** Writes random changes as a log's; `versions` knows the records' versions and is kept up to date. */
export function cutLog(log: LogScript, versions: Map<number, number>, changes: readonly RandomChange[]): CutLog {
  const single: WarehouseBatch[] = [];
  const cut: WarehouseBatch[] = [];
  let gathered: WarehouseChange[] = [];
  for (const [at, change] of changes.entries()) {
    const isLast = at === changes.length - 1;
    const written = changesOf(log, versions, change);
    const batch = change.endOfTick || isLast ? log.next(...written) : log.part(...written);
    single.push(batch);
    gathered.push(...written);
    if (!change.endOfBatch && !isLast) continue;
    cut.push({ ...batch, changes: gathered });
    gathered = [];
  }
  return { single, cut };
}

function changesOf(log: LogScript, versions: Map<number, number>, { action, type, id, data, fields }: RandomChange): WarehouseChange[] {
  // Ids are the catalog's: one range for all types.
  const catalogId = type === 'deal' ? id : id + 100;
  const known = versions.get(catalogId) ?? 0;
  const options = { type, version: known + 1 };
  if (action === 'define') return [log.define(type, fields)];
  if (action !== 'upsert' && known === 0) return [];
  versions.set(catalogId, options.version);
  if (action === 'upsert') return [log.upsert(catalogId, data, options)];
  const removal = log.remove(catalogId, options);
  return action === 'erase' ? [log.erase(catalogId, options), removal] : [removal];
}
