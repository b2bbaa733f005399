import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { BUILTIN_RECORD_TYPES, type Position, type WorkspaceId } from '@sophia/types';
import type { Warehouse, WarehouseChange } from '@sophia/warehouse';
import { createDuckDbWarehouse } from '@sophia/warehouse/duckdb';

export const WORKSPACE = 1 as WorkspaceId;
/** Between the first versions and the second ones. */
export const BETWEEN = '2024-03-01T00:00:00Z';

const CREATED_AT = BigInt(Date.parse('2024-01-01')) * 1_000n;
const CHANGED_AT = BigInt(Date.parse('2024-06-01')) * 1_000n;
const FILE = 'warehouse.duckdb';
const FIRST_GENERATION = 'warehouse.1.duckdb';
const PLAIN_FILE = 'plain.duckdb';
const BATCH = 20_000;
const MEMORY_MB = 2_048;
const THREADS = 2;
const OFFICES = ['East', 'Central', 'West'];
const STATUSES = ['won', 'lost', 'open'];
const DAY_MS = 86_400_000;
const FIRST_DAY = Date.parse('2015-01-01');

/** The warehouse with so many deals, of which 30 % have a second version, and the same rows in plain typed tables. */
export interface DealWarehouse {
  readonly warehouse: Warehouse;
  /** File with the tables `deal`, `deal_version`, `person`, `product` and `company`, for SQL written by hand. */
  readonly plainFile: string;
  /** Removes what is not kept; after the warehouse is closed. */
  remove(): Promise<void>;
}

/** Kept: it stands in `.cache/bench` and is there in the next run. Else in a temporary folder. */
export const openDealWarehouse = async (deals: number, isKept: boolean): Promise<DealWarehouse> => {
  const folder = isKept
    ? fileURLToPath(new URL(`../.cache/bench/deals-${deals}/`, import.meta.url))
    : await mkdtemp(join(tmpdir(), 'sophia-bench-deals-'));
  if (!isKept) await make(folder, deals);
  else if (!(await isThere(folder))) {
    process.stderr.write(`  makes a warehouse of ${deals} deals in .cache/bench, kept for the next run\n`);
    const unfinished = `${folder.slice(0, -1)}.${process.pid}`;
    await mkdir(unfinished, { recursive: true });
    await make(unfinished, deals);
    await rename(unfinished, folder);
  }
  return {
    warehouse: await openWarehouse(join(folder, FILE)),
    plainFile: join(folder, PLAIN_FILE),
    remove: () => (isKept ? Promise.resolve() : rm(folder, { recursive: true, force: true })),
  };
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const make = async (folder: string, deals: number): Promise<void> => {
  await fill(join(folder, FILE), deals);
  await copyPlainly(folder);
};

/** DuckDB over the plain tables, with the same memory and threads. */
export const openPlain = async (file: string): Promise<DuckDBInstance> =>
  DuckDBInstance.create(file, { access_mode: 'READ_ONLY', threads: String(THREADS), memory_limit: `${MEMORY_MB}MB` });

const openWarehouse = (file: string) =>
  createDuckDbWarehouse({ file, memoryLimitMb: MEMORY_MB, threads: THREADS, readers: 2, builtinTypes: BUILTIN_RECORD_TYPES });

const fill = async (file: string, deals: number): Promise<void> => {
  const warehouse = await openWarehouse(file);
  let tick = 0;
  const apply = async (changes: readonly WarehouseChange[]): Promise<void> => {
    tick += 1;
    const completeTo = new Date(Number(CHANGED_AT / 1_000n)).toISOString();
    await warehouse.apply({ changes, cursor: `bench.${tick + 1}.0` as Position, tick, completeTo, endOfTick: true });
  };
  await apply(people());
  for (let from = 0; from < deals; from += BATCH) {
    await apply(Array.from({ length: Math.min(BATCH, deals - from) }, (_, index) => deal(from + index, 1, CREATED_AT)));
  }
  const changed = Math.floor(deals * 0.3);
  for (let from = 0; from < changed; from += BATCH) {
    const stride = Array.from({ length: Math.min(BATCH, changed - from) }, (_, index) => Math.floor(((from + index) * 10) / 3));
    await apply(stride.map((number) => deal(number, 2, CHANGED_AT)));
  }
  await warehouse.maintain();
  await warehouse.close();
};

const deal = (number: number, version: number, at: bigint): WarehouseChange => {
  const status = STATUSES[(number + version) % 3] ?? 'open';
  const engaged = FIRST_DAY + ((number * 7919) % 3_000) * DAY_MS;
  return upsert('deal', 1_000_000 + number, version, at, {
    name: `Deal ${number} of the benchmark`,
    stage: `stage ${number % 7}`,
    status,
    amount: status === 'won' ? `${(number * 104_729) % 100_000}.${number % 10}${version}` : null,
    currency: 'USD',
    owner: reference(`user-${number % 350}`),
    product: reference(`product-${number % 70}`),
    company_id: reference(`company-${(number * 31) % 10_000}`),
    engaged_on: day(engaged),
    close_date: day(engaged + (number % 120) * DAY_MS),
  });
};

const people = (): WarehouseChange[] => [
  ...Array.from({ length: 350 }, (_, index) =>
    upsert('user', index + 1, 1, CREATED_AT, {
      name: `User ${index}`,
      team: `team ${index % 30}`,
      office: OFFICES[index % 3] ?? null,
    }),
  ),
  ...Array.from({ length: 70 }, (_, index) =>
    upsert('product', 1_000 + index, 1, CREATED_AT, { name: `Product ${index}`, series: `series ${index % 7}`, list_price: '1000' }),
  ),
  ...Array.from({ length: 10_000 }, (_, index) =>
    upsert('company', 10_000 + index, 1, CREATED_AT, { name: `Company ${index}`, industry: `industry ${index % 20}` }),
  ),
];

const FIRST_IDS: Readonly<Record<string, number>> = { deal: 1_000_000, user: 1, product: 1_000, company: 10_000 };

const upsert = (type: string, id: number, version: number, at: bigint, data: Readonly<Record<string, unknown>>): WarehouseChange => ({
  kind: 'upsert',
  recordType: type,
  row: {
    workspace: WORKSPACE,
    id: String(id),
    source_system: 'bench',
    source_id: `${type}-${id - (FIRST_IDS[type] ?? 0)}`,
    version,
    occurred_at: null,
    business_priority: null,
    created_at: '2024-01-01T00:00:00Z',
    valid_from: at,
    data,
  },
});

const reference = (source_id: string) => ({ source_system: 'bench', source_id });
const day = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 10);

/** The same rows as someone would keep them who has these questions and no others. */
const copyPlainly = async (folder: string): Promise<void> => {
  const instance = await DuckDBInstance.create(join(folder, PLAIN_FILE));
  const connection = await instance.connect();
  await connection.run(`attach '${join(folder, FIRST_GENERATION)}' as sophia (read_only)`);
  const columns = 'id, source_id, status, amount, currency, owner, product, company_id, engaged_on, close_date';
  await connection.run(`create table deal as select ${columns} from sophia.deal`);
  await connection.run(
    `create table deal_version as select ${columns}, valid_from, valid_to from sophia.deal_history
      union all select ${columns}, valid_from, null from sophia.deal`,
  );
  await connection.run('create table person as select source_id, name, team, office from sophia.user');
  await connection.run('create table product as select source_id, name, series from sophia.product');
  await connection.run('create table company as select source_id, name, industry from sophia.company');
  await connection.run('checkpoint');
  connection.closeSync();
  instance.closeSync();
};
