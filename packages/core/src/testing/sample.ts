import { readFile } from 'node:fs/promises';
import { BUILTIN_RECORD_TYPES, type JsonObject, type SemanticLayer } from '@sophia/types';
import { parseSemanticLayer } from '../semantic/parse-semantic-layer.ts';
import { semanticLayerError } from '../semantic/semantic-layer-error.ts';
import type { TestRecord } from './test-engine.ts';

const SAMPLE = new URL('../../../../samples/crm/', import.meta.url);

/** The semantic layer of the sample workspace. */
export async function sampleLayer(): Promise<SemanticLayer> {
  const names = ['deal', 'company', 'user', 'product', 'metrics'].map((name) => `models/${name}.yaml`);
  const files = await Promise.all(names.map(async (path) => ({ path, text: await readFile(new URL(path, SAMPLE), 'utf8') })));
  const { layer, problems } = parseSemanticLayer(files, BUILTIN_RECORD_TYPES);
  if (layer === null || problems.length > 0) throw semanticLayerError(problems);
  return layer;
}

/** The records of the sample workspace, mapped as its mappings say. */
export async function sampleRecords(): Promise<readonly TestRecord[]> {
  const [deals, companies, users, products] = await Promise.all(
    ['sales_pipeline', 'accounts', 'sales_teams', 'products'].map((name) => readCsv(`data/${name}.csv`)),
  );
  const records = [
    ...(deals ?? []).map((row) => record('deal', row.opportunity_id, dealOf(row))),
    ...(companies ?? []).map((row) => record('company', row.account, companyOf(row))),
    ...(users ?? []).map((row) =>
      record('user', row.sales_agent, { name: row.sales_agent, team: row.manager, manager: row.manager, office: row.regional_office }),
    ),
    ...(products ?? []).map((row) =>
      record('product', row.product, { name: row.product, series: row.series, list_price: row.sales_price, currency: 'USD' }),
    ),
  ];
  return records.map((each, index) => ({ ...each, id: index + 1 }));
}

const record = (type: string, source_id = '', data: Record<string, string | undefined>): TestRecord => ({
  type,
  id: 0,
  source_id,
  data: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined && value !== '')) as JsonObject,
});

type Row = Readonly<Record<string, string | undefined>>;

const STATUS: Readonly<Record<string, string>> = { Won: 'won', Lost: 'lost', Engaging: 'open', Prospecting: 'open' };

const dealOf = (row: Row) => ({
  stage: row.deal_stage,
  status: STATUS[row.deal_stage ?? ''],
  owner: row.sales_agent,
  product: row.product === 'GTXPro' ? 'GTX Pro' : row.product,
  company_id: row.account,
  engaged_on: isoDay(row.engage_date),
  close_date: isoDay(row.close_date),
  amount: row.close_value,
  currency: 'USD',
});

const companyOf = (row: Row) => ({
  name: row.account,
  industry: row.sector === 'technolgy' ? 'technology' : row.sector,
  employees: row.employees,
  country: row.office_location,
  founded_year: row.year_established,
  parent_id: row.subsidiary_of,
  annual_revenue: row.revenue,
  currency: 'USD',
});

/** From month/day/year. */
function isoDay(text = ''): string {
  const [month = '', day = '', year = ''] = text.split('/');
  return text === '' ? '' : `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

/** No value of the sample has a comma or a quote. */
async function readCsv(path: string): Promise<readonly Row[]> {
  const [header = '', ...lines] = (await readFile(new URL(path, SAMPLE), 'utf8')).trim().split(/\r?\n/);
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, index) => [names[index] ?? '', value])));
}
