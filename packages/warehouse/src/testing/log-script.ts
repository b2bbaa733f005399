import type { FieldDefinition, Position, RecordTypeDefinition, WorkspaceId } from '@sophia/types';
import type { Warehouse, WarehouseBatch, WarehouseChange, WarehouseResult, WarehouseRow } from '../warehouse.ts';

export const workspaceId = (number: number): WorkspaceId => number as WorkspaceId;
export const ONE = workspaceId(1);
export const TWO = workspaceId(2);

/** A built-in type with a field of each type, and a second one. */
export const TEST_TYPES: readonly RecordTypeDefinition[] = [
  builtin('deal', [
    { name: 'name', type: 'text' },
    { name: 'status', type: 'text' },
    { name: 'amount', type: 'money' },
    { name: 'seats', type: 'integer' },
    { name: 'discount', type: 'number' },
    { name: 'renewal', type: 'boolean' },
    { name: 'close_date', type: 'date' },
    { name: 'engaged_at', type: 'timestamp' },
    { name: 'owner', type: 'reference', references: 'user' },
    { name: 'labels', type: 'text_list' },
    { name: 'details', type: 'json' },
  ]),
  builtin('user', [
    { name: 'name', type: 'text' },
    { name: 'team', type: 'text' },
  ]),
];

function builtin(name: string, fields: readonly FieldDefinition[]): RecordTypeDefinition {
  return { name, description: name, origin: 'builtin', fields, revision: 1 };
}

/** Microseconds since 1970 of a tick. */
export const timeOf = (tick: number): bigint => 1_700_000_000_000_000n + BigInt(tick) * 1_000n;

export interface RowOptions {
  readonly workspace?: WorkspaceId | undefined;
  readonly type?: string | undefined;
  readonly version?: number | undefined;
}

/** Events as a log would hand them over: each batch a tick, or a part of one. */
export interface LogScript {
  /** Number of the tick that comes next, or that is open. */
  readonly tick: number;
  upsert(id: number, data: WarehouseRow['data'], options?: RowOptions): WarehouseChange;
  remove(id: number, options: RowOptions & { readonly version: number }): WarehouseChange;
  erase(id: number, options?: RowOptions): WarehouseChange;
  define(type: string, fields: readonly FieldDefinition[], workspace?: WorkspaceId): WarehouseChange;
  /** A whole tick. */
  next(...changes: readonly WarehouseChange[]): WarehouseBatch;
  /** The beginning of a tick. */
  part(...changes: readonly WarehouseChange[]): WarehouseBatch;
}

export function createLogScript(epoch = 'log1'): LogScript {
  let tick = 1;
  let offset = 0;
  const batch = (changes: readonly WarehouseChange[], endOfTick: boolean): WarehouseBatch => {
    offset += changes.length;
    const cursor = (endOfTick ? `${epoch}.${tick + 1}.0` : `${epoch}.${tick}.${offset}`) as Position;
    const made = { changes, cursor, tick, completeTo: new Date(Number(timeOf(tick) / 1_000n)).toISOString(), endOfTick };
    if (endOfTick) {
      tick += 1;
      offset = 0;
    }
    return made;
  };
  return {
    get tick() {
      return tick;
    },
    upsert: (id, data, { workspace = ONE, type = 'deal', version = 1 } = {}) => ({
      kind: 'upsert',
      recordType: type,
      row: {
        workspace,
        id: String(id),
        source_system: 'crm',
        source_id: `${type}-${id}`,
        version,
        occurred_at: null,
        business_priority: null,
        created_at: '2026-01-01T00:00:00Z',
        valid_from: timeOf(tick),
        data,
      },
    }),
    remove: (id, { workspace = ONE, type = 'deal', version = 1 }) => ({
      kind: 'delete',
      recordType: type,
      workspace,
      id: String(id),
      version,
      at: timeOf(tick),
    }),
    erase: (id, { workspace = ONE, type = 'deal' } = {}) => ({ kind: 'erase', recordType: type, workspace, id: String(id) }),
    define: (recordType, fields, workspace = ONE) => ({ kind: 'define', recordType, workspace, fields }),
    next: (...changes) => batch(changes, true),
    part: (...changes) => batch(changes, false),
  };
}

/** Rows as objects. */
export const objectsOf = ({ columns, values, rowCount }: WarehouseResult): Record<string, unknown>[] =>
  Array.from({ length: rowCount }, (_, row) => Object.fromEntries(columns.map(({ name }, at) => [name, values[at]?.[row]])));

/** The columns of a type's records, in order of id and version. */
export async function select(
  warehouse: Warehouse,
  columns: string,
  { workspace = ONE, type = 'deal', asOf }: RowOptions & { readonly asOf?: bigint } = {},
): Promise<Record<string, unknown>[]> {
  const relation = warehouse.relation(workspace, type, asOf === undefined ? {} : { asOf: '$1' });
  return objectsOf(
    await warehouse.query({
      text: `select ${columns} from ${relation} order by id, version`,
      parameters: asOf === undefined ? [] : [asOf],
    }),
  );
}

/** All versions of a type's records, past and current. */
export async function versions(warehouse: Warehouse, columns: string, { workspace = ONE, type = 'deal' }: RowOptions = {}) {
  const text = `select ${columns} from record_versions where workspace = $1::integer and record_type = $2 order by id, version`;
  return objectsOf(await warehouse.query({ text, parameters: [workspace, type] }));
}
