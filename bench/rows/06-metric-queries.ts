import { readdir, readFile } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type CompileContext, compileQuery, parseSemanticLayer, readAnswer, semanticLayerError } from '@sophia/core';
import { BUILTIN_RECORD_TYPES, type MetricQuery, type PolicyScope, type SemanticLayer } from '@sophia/types';
import { BETWEEN, openDealWarehouse, openPlain, WORKSPACE } from '../deal-warehouse.ts';
import type { BenchRow, Sample } from '../protocol.ts';

const DEALS = 10_000_000;
const SMOKE_DEALS = 3_000;
const MODELS = new URL('../../samples/crm/models/', import.meta.url);

interface Question {
  readonly query: MetricQuery;
  readonly policy?: PolicyScope;
  /** The same, written by hand over plain typed tables. */
  readonly sql: string;
}

const QUESTIONS: Readonly<Record<string, Question>> = {
  'sum by month': {
    query: { metrics: ['revenue'], dimensions: ['deal.close_date:month'], fill: false },
    sql: `select date_trunc('month', close_date)::date as month, sum(amount) from deal where status = 'won' group by 1 order by 1`,
  },
  'join of three tables': {
    query: { metrics: ['revenue', 'deals_won'], dimensions: ['user.office', 'product.series'] },
    sql: `select person.office, product.series, sum(amount), count(*) from deal
      left join person on person.source_id = deal.owner left join product on product.source_id = deal.product
      where status = 'won' group by 1, 2 order by 1, 2`,
  },
  cumulative: {
    query: { metrics: ['cumulative_revenue'], dimensions: ['deal.close_date:month'], fill: false },
    sql: `with by_month as (
        select date_trunc('month', close_date)::date as month, sum(amount) as revenue from deal where status = 'won' group by 1),
      months as (select unnest(generate_series((select min(month) from by_month), (select max(month) from by_month), interval 1 month))::date as month)
      select month, sum(revenue) over (order by month) from months left join by_month using (month) order by 1`,
  },
  'as of, with history': {
    query: { metrics: ['revenue'], dimensions: ['user.office'], as_of: BETWEEN },
    sql: `select person.office, sum(amount) from deal_version left join person on person.source_id = deal_version.owner
      where status = 'won' and valid_from <= timestamptz '${BETWEEN}' and (valid_to is null or valid_to > timestamptz '${BETWEEN}')
      group by 1 order by 1`,
  },
  'row-filtered': {
    query: { metrics: ['win_rate'], dimensions: ['deal.close_date:year'], fill: false },
    policy: { types: { deal: { rows: { field: 'owner.office', operator: 'eq', values: ['East'] } } } },
    sql: `select date_trunc('year', close_date)::date as year, (count(*) filter (status = 'won'))::double / count(*) from deal
      join person on person.source_id = deal.owner where person.office = 'East' and status in ('won', 'lost') group by 1 order by 1`,
  },
  'top 10': {
    query: { metrics: ['revenue'], dimensions: ['company.name'], order_by: ['-revenue'], limit: 10 },
    sql: `select company.name, sum(amount) as revenue from deal left join company on company.source_id = deal.company_id
      where status = 'won' group by 1 order by 2 desc, 1 limit 10`,
  },
};

/** Row 6: each question is compiled, run, read and encoded, with no cache; the ratio is the median over the questions. */
export const metricQueries: BenchRow = {
  number: 6,
  name: 'metric-queries',
  what: 'metric queries, cache off, over 10 million deals of which 30 % have history',
  reference: 'SQL written by hand over plain typed tables in the same DuckDB, in process',
  unit: 'questions/s',
  async prepare({ smoke, records = smoke ? SMOKE_DEALS : DEALS }) {
    const { warehouse, plainFile, remove } = await openDealWarehouse(records, !smoke);
    const instance = await openPlain(plainFile);
    const connection = await instance.connect();
    await connection.run("set timezone = 'UTC'");
    const layer = await readLayer();
    const context: CompileContext = {
      dialect: 'duckdb',
      workspace: WORKSPACE,
      table: (recordType) => warehouse.layout(WORKSPACE, recordType),
      now: Date.parse('2025-01-01'),
      // What the service knows of a workspace whose records are all from one source and in one currency.
      onlyCurrency: () => 'USD',
      onlySourceSystem: () => 'bench',
    };
    const ask = async ({ query, policy }: Question): Promise<string> => {
      const compiled = compileQuery(query, layer, { ...context, policy });
      const { columns, rows } = readAnswer(compiled, await warehouse.query(compiled));
      return JSON.stringify({ columns, rows });
    };
    const askPlain = async ({ sql }: Question): Promise<string> => JSON.stringify(await rowsOf(connection, sql));
    for (const [name, question] of Object.entries(QUESTIONS))
      requireEqual(name, JSON.parse(await ask(question)).rows, JSON.parse(await askPlain(question)));
    return {
      reference: () => timed(askPlain),
      ours: () => timed(ask),
      async close() {
        connection.closeSync();
        instance.closeSync();
        await warehouse.close();
        await remove();
      },
    };
  },
};

const timed = async (ask: (question: Question) => Promise<string>): Promise<Sample> => {
  const parts: Record<string, number> = {};
  for (const [name, question] of Object.entries(QUESTIONS)) {
    const begun = performance.now();
    await ask(question);
    parts[name] = (performance.now() - begun) / 1000;
  }
  const seconds = Object.values(parts).reduce((sum, each) => sum + each, 0);
  return { operations: Object.keys(parts).length, seconds, parts };
};

const rowsOf = async (connection: DuckDBConnection, sql: string): Promise<unknown[][]> => {
  const reader = await connection.runAndReadAll(sql);
  return reader.getRowsJson();
};

const requireEqual = (name: string, ours: readonly unknown[][], plain: readonly unknown[][]): void => {
  const isEqual =
    ours.length === plain.length && ours.every((row, index) => row.every((cell, column) => sameCell(cell, plain[index]?.[column])));
  if (!isEqual)
    throw new Error(`"${name}" has two answers:\n${JSON.stringify(ours).slice(0, 400)}\n${JSON.stringify(plain).slice(0, 400)}`);
};

/** Numbers to 1e-9 of their size: ratios are doubles. */
const sameCell = (one: unknown, other: unknown): boolean => {
  if (one === other) return true;
  const [first, second] = [Number(one), Number(other)];
  return one !== null && other !== null && Math.abs(first - second) <= 1e-9 * Math.max(Math.abs(first), Math.abs(second));
};

const readLayer = async (): Promise<SemanticLayer> => {
  const names = (await readdir(MODELS)).sort();
  const files = await Promise.all(names.map(async (path) => ({ path, text: await readFile(new URL(path, MODELS), 'utf8') })));
  const { layer, problems } = parseSemanticLayer(files, BUILTIN_RECORD_TYPES);
  if (layer === null || problems.length > 0) throw semanticLayerError(problems);
  return layer;
};
