import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type {
  FieldType,
  JsonObject,
  JsonValue,
  MetricAnswer,
  MetricQuery,
  RecordTypeDefinition,
  SemanticLayer,
  WorkspaceId,
} from '@sophia/types';
import type { CompileContext, PhysicalField, PhysicalTable } from '../query/compile-context.ts';
import { compileQuery } from '../query/compile-query.ts';
import type { CompiledStatement } from '../query/compiled-query.ts';
import { type ColumnarResult, readAnswer } from '../query/read-answer.ts';

/** A record as tests give it: its key, its data, and when it came and went (microseconds since 1970). */
export interface TestRecord {
  readonly type: string;
  readonly id: number;
  readonly source_id: string;
  readonly source_system?: string;
  readonly version?: number;
  readonly workspace?: number;
  readonly data: JsonObject;
  readonly valid_from?: bigint;
  /** Set for what stands in the history. */
  readonly valid_to?: bigint;
}

/** DuckDB with the tables of the warehouse, in memory. */
export interface TestEngine {
  readonly context: CompileContext;
  insert(records: readonly TestRecord[]): Promise<void>;
  run(statement: CompiledStatement): Promise<ColumnarResult>;
  ask(query: MetricQuery, layer: SemanticLayer, context?: Partial<CompileContext>): Promise<MetricAnswer>;
  execute(sql: string): Promise<void>;
  close(): void;
}

/** Of a type's own tables in DuckDB. */
export const COLUMN_TYPES: Readonly<Record<FieldType, string>> = {
  text: 'varchar',
  integer: 'bigint',
  number: 'double',
  money: 'decimal(18,4)',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'timestamp',
  reference: 'varchar',
  text_list: 'varchar[]',
  json: 'json',
};

const OWN =
  'workspace integer, id bigint, source_system varchar, source_id varchar, version integer, occurred_at timestamp, business_priority varchar, created_at timestamp, valid_from timestamp';

/** `layouts` replaces the layout of a type, for fields that were added or changed their type. */
export async function createTestEngine(
  types: readonly RecordTypeDefinition[],
  layouts: ReadonlyMap<string, PhysicalTable> = new Map(),
): Promise<TestEngine> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  for (const type of types) {
    const columns = type.fields.flatMap(({ name, type: fieldType }) => columnDefinitions(name, fieldType));
    for (const [table, more] of [
      [type.name, []],
      [`${type.name}_history`, ['valid_to timestamp']],
    ] as const) {
      await connection.run(`create table "${table}" (${[OWN, ...more, ...columns].join(', ')})`);
    }
  }
  const tables = new Map(types.map((type) => [type.name, layouts.get(type.name) ?? physicalTable(type)]));
  const context: CompileContext = {
    dialect: 'duckdb',
    workspace: 1 as WorkspaceId,
    table: (recordType) => tables.get(recordType),
    now: Date.parse('2026-11-21T12:00:00Z'),
  };
  const run = (statement: CompiledStatement): Promise<ColumnarResult> => read(connection, statement);
  return {
    context,
    run,
    async insert(records) {
      for (const type of types) {
        const own = records.filter((record) => record.type === type.name);
        await insert(
          connection,
          type,
          own.filter((record) => record.valid_to === undefined),
          '',
        );
        await insert(
          connection,
          type,
          own.filter((record) => record.valid_to !== undefined),
          '_history',
        );
      }
    },
    async ask(query, layer, changed) {
      const compiled = compileQuery(query, layer, { ...context, ...changed });
      return readAnswer(compiled, await run(compiled));
    },
    async execute(sql) {
      await connection.run(sql);
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

const columnDefinitions = (name: string, type: FieldType): readonly string[] => [
  `"${name}" ${COLUMN_TYPES[type]}`,
  ...(type === 'reference' ? [`"${name}__system" varchar`] : []),
];

/** The layouts of types whose fields stand in their own tables. */
export function physicalTables(types: readonly RecordTypeDefinition[]): CompileContext['table'] {
  const tables = new Map(types.map((type) => [type.name, physicalTable(type)]));
  return (recordType) => tables.get(recordType);
}

/** The layout of a type whose fields stand in its own table. */
export function physicalTable({ name, fields }: RecordTypeDefinition): PhysicalTable {
  const physical = fields.map((definition): [string, PhysicalField] => [
    definition.name,
    { definition, extension: false, columns: [{ name: definition.name, type: definition.type }] },
  ]);
  return { table: name, fields: new Map(physical) };
}

/** Through a table of texts: an appender is a hundred times as fast as statements. */
async function insert(
  connection: DuckDBConnection,
  type: RecordTypeDefinition,
  records: readonly TestRecord[],
  suffix: string,
): Promise<void> {
  const columns = stagedColumns(type);
  const times = suffix === '' ? ['valid_from'] : ['valid_from', 'valid_to'];
  const names = [...columns.map(({ name }) => name), ...times];
  await connection.run(`create or replace temp table staged (${names.map((name) => `"${name}" varchar`).join(', ')})`);
  const appender = await connection.createAppender('staged', undefined, 'temp');
  for (const record of records) {
    const values = [
      ...columns.map(({ value }) => value(record)),
      String(record.valid_from ?? 0n),
      ...(suffix === '' ? [] : [String(record.valid_to)]),
    ];
    for (const value of values) {
      if (value === null) appender.appendNull();
      else appender.appendVarchar(value);
    }
    appender.endRow();
  }
  appender.closeSync();
  const casts = [
    ...columns.map(({ name, sqlType }) => `cast("${name}" as ${sqlType})`),
    ...times.map((name) => `make_timestamp(cast("${name}" as bigint))`),
  ];
  await connection.run(
    `insert into "${type.name}${suffix}" (${names.map((name) => `"${name}"`).join(', ')}) select ${casts.join(', ')} from staged`,
  );
}

interface StagedColumn {
  readonly name: string;
  readonly sqlType: string;
  readonly value: (record: TestRecord) => string | null;
}

function stagedColumns({ fields }: RecordTypeDefinition): readonly StagedColumn[] {
  return [
    { name: 'workspace', sqlType: 'integer', value: ({ workspace = 1 }) => String(workspace) },
    { name: 'id', sqlType: 'bigint', value: ({ id }) => String(id) },
    { name: 'source_system', sqlType: 'varchar', value: ({ source_system = 'crm' }) => source_system },
    { name: 'source_id', sqlType: 'varchar', value: ({ source_id }) => source_id },
    { name: 'version', sqlType: 'integer', value: ({ version = 1 }) => String(version) },
    { name: 'created_at', sqlType: 'timestamp', value: () => '2026-01-01T00:00:00Z' },
    ...fields.flatMap(({ name, type }): StagedColumn[] => {
      const own: StagedColumn = { name, sqlType: COLUMN_TYPES[type], value: ({ data }) => textOf(referenced(data[name]).source_id) };
      if (type !== 'reference') return [{ ...own, value: ({ data }) => textOf(data[name]) }];
      return [own, { name: `${name}__system`, sqlType: 'varchar', value: ({ data }) => textOf(referenced(data[name]).source_system) }];
    }),
  ];
}

const textOf = (value: JsonValue | undefined): string | null => {
  if (value === null || value === undefined) return null;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

const referenced = (value: JsonValue | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : { source_id: value ?? null };

async function read(connection: DuckDBConnection, { text, parameters }: CompiledStatement): Promise<ColumnarResult> {
  const prepared = await connection.prepare(text);
  try {
    parameters.forEach((value, index) => {
      if (typeof value === 'string') prepared.bindVarchar(index + 1, value);
      else if (typeof value === 'boolean') prepared.bindBoolean(index + 1, value);
      else prepared.bindBigInt(index + 1, BigInt(value));
    });
    const reader = await prepared.runAndReadAll();
    const columns = reader.columnNames().map((name) => ({ name }));
    return { columns, values: reader.getColumnsJson(), rowCount: reader.currentRowCount };
  } finally {
    prepared.destroySync();
  }
}
