import type { RecordVersion } from '@sophia/catalog';
import type { CatalogRecord, JsonValue } from '@sophia/types';
import { allPages } from '../client/all-pages.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { ClientInvocation, CommonOptions } from '../command-line/invocation.ts';
import { pageLimit } from '../input/page-limit.ts';
import { parseWhere } from '../input/where.ts';
import { NONE } from '../output/format-cell.ts';
import { stylesOf } from '../output/styles.ts';
import { renderTable } from '../output/table.ts';
import { plainText } from '../output/text-width.ts';
import { requireFields } from './require-known.ts';

export interface ListRecordsOptions extends CommonOptions {
  readonly where?: readonly string[] | undefined;
  readonly sourceSystem?: string | undefined;
  readonly sourceId?: string | undefined;
  readonly fields?: string | undefined;
  readonly deleted?: boolean | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: string | undefined;
}

interface RecordPage {
  readonly records: readonly CatalogRecord[];
  readonly next_cursor: string | null;
}

/** Fields shown where none are chosen. */
const MOST_FIELDS = 6;

export const listRecords = async ({ api, terminal }: ClientInvocation, type: string, options: ListRecordsOptions): Promise<void> => {
  const { where = [], sourceSystem, sourceId, fields, deleted, cursor, limit, json } = options;
  const page = await api.call<RecordPage>('GET', `/records/${encodeURIComponent(type)}`, {
    query: {
      source_system: sourceSystem,
      source_id: sourceId,
      filter: where.length === 0 ? undefined : JSON.stringify({ and: where.map(parseWhere) }),
      deleted: deleted === true ? 'include' : undefined,
      cursor,
      limit: pageLimit(limit),
    },
  });
  if (json === true) return terminal.out(`${JSON.stringify(page)}\n`);
  const chosen = fields?.split(',').map((field) => field.trim()) ?? ['source_id', ...commonFields(page.records)];
  const isUnseen = (field: string): boolean => page.records.every((record) => memberOf(record, field) === undefined);
  const unseen = fields === undefined ? [] : chosen.filter(isUnseen);
  if (unseen.length > 0) await requireFields(api, type, unseen);
  const styles = stylesOf(terminal);
  terminal.out(
    renderTable(
      ['id', ...chosen].map((title) => ({ title, isWhole: title === 'id' || title === 'source_id' })),
      page.records.map((record) => [record.id, ...chosen.map((field) => textOf(memberOf(record, field)))]),
      { width: terminal.columns, styles },
    ),
  );
  if (page.next_cursor !== null) terminal.out(styles.faint(`more: --cursor ${page.next_cursor}\n`));
};

/** The fields that most of the records have. */
const commonFields = (records: readonly CatalogRecord[]): readonly string[] => {
  const counts = new Map<string, number>();
  for (const { data } of records) {
    const held = Object.keys(data).filter((field) => data[field] !== null);
    for (const field of held) counts.set(field, (counts.get(field) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_FIELDS)
    .map(([field]) => field);
};

const memberOf = (record: CatalogRecord, field: string): JsonValue | undefined => {
  const own: Readonly<Record<string, unknown>> = { ...record };
  const value = field in record.data ? record.data[field] : own[field];
  // A record is JSON.
  return value as JsonValue | undefined;
};

const textOf = (value: JsonValue | undefined): string => {
  if (value === undefined || value === null) return NONE;
  return typeof value === 'string' ? value : JSON.stringify(value);
};

export type NamedOptions = CommonOptions & { readonly sourceSystem?: string | undefined };

export const getRecord = async (invocation: ClientInvocation, type: string, id: string, options: NamedOptions): Promise<void> => {
  const { terminal } = invocation;
  const record = await findRecord(invocation, type, id, options);
  if (options.json === true) return terminal.out(`${JSON.stringify(record)}\n`);
  const styles = stylesOf(terminal);
  const { data, ...rest } = record;
  const lines = [...Object.entries(rest), ['', ''] as const, ...Object.entries(data)];
  const width = Math.max(...lines.map(([name]) => name.length));
  // The parts of a record are JSON.
  terminal.out(
    lines
      .map(([name, value]) => `${styles.faint(name.padEnd(width))}  ${plainText(textOf(value as JsonValue))}`.trimEnd().concat('\n'))
      .join(''),
  );
};

const findRecord = async ({ api }: ClientInvocation, type: string, id: string, { sourceSystem }: NamedOptions): Promise<CatalogRecord> => {
  const path = `/records/${encodeURIComponent(type)}`;
  if (sourceSystem === undefined) return api.call('GET', `${path}/${ownId(id)}`);
  const { records } = await api.call<RecordPage>('GET', path, {
    query: { source_system: sourceSystem, source_id: id, deleted: 'include' },
  });
  const [record] = records;
  if (record === undefined) throw new CommandError('notFound', `There is no ${type} ${id} of ${sourceSystem}.`);
  return record;
};

/** Errors: `CommandError` where it cannot be an id of Sophia's. */
const ownId = (id: string): string => {
  if (/^\d{1,19}$/.test(id)) return id;
  throw new CommandError(
    'usage',
    `${JSON.stringify(id)} is no id of Sophia’s, which are numbers.`,
    'An id of the source is found with --source-system.',
  );
};

export const recordHistory = async (invocation: ClientInvocation, type: string, id: string, options: NamedOptions): Promise<void> => {
  const { api, terminal } = invocation;
  const found = options.sourceSystem === undefined ? ownId(id) : (await findRecord(invocation, type, id, options)).id;
  const path = `/records/${encodeURIComponent(type)}/${found}/history`;
  const versions = await allPages(
    (query) => api.call<{ versions: readonly RecordVersion[]; next_cursor: string | null }>('GET', path, { query }),
    (page) => page.versions,
  );
  if (options.json === true) return terminal.out(`${JSON.stringify(versions)}\n`);
  terminal.out(
    renderTable(
      ['Version', 'At', 'What', 'By', 'Changed'].map((title) => ({ title })),
      versions.map(({ version, at, kind, actor, data, previous }) => [
        String(version),
        at.slice(0, 19).replace('T', ' '),
        kind.replace('record.', ''),
        `${actor.principal} (${actor.via})`,
        changesOf(data, previous),
      ]),
      { width: terminal.columns, styles: stylesOf(terminal) },
    ),
  );
};

const changesOf = (data: RecordVersion['data'], previous: RecordVersion['previous']): string =>
  previous === null
    ? countOf(Object.keys({ ...data }).length)
    : Object.entries(previous)
        .map(([field, before]) => `${field}: ${textOf(before)} → ${textOf(data?.[field])}`)
        .join(', ');

const countOf = (fields: number): string => (fields === 1 ? '1 field' : `${fields} fields`);
