import type { ResolvedPolicy } from '@sophia/core';
import { isJsonObject, parseVerbatimJson } from '@sophia/shared';
import { ERROR_CODES, type JsonObject, type JsonValue, type RowError } from '@sophia/types';
import type { ImportOptions, ImportReport, ImportState } from '../catalog.ts';
import { letterSight, withoutValue } from '../dead-letters/letter-sight.ts';
import type { TypesByName } from '../record-types/record-type-book.ts';
import { MAX_ERRORS } from '../records/write-answer.ts';

/** The parameter under which it is kept what was assumed of the source; no option of an import is called so. */
export const ASSUMED = 'sophia.assumed';

/** Parameters as they are kept. */
export type KeptParameters = JsonObject & { readonly [ASSUMED]?: readonly string[] };

/** An import as its tables give it, counts summed over its lanes. Counts are int8, as text. */
export interface ImportRunRow {
  readonly id: string;
  readonly name: string;
  readonly kind: ImportOptions['kind'];
  readonly state: ImportState;
  readonly principal: string;
  readonly source_system: string | null;
  readonly parameters: KeptParameters;
  readonly lanes: number;
  readonly bytes_total: string | null;
  readonly bytes_read: string | null;
  readonly last_state: string | null;
  readonly deleted_by_version: string;
  readonly failure: ImportReport['failure'];
  readonly token: string | null;
  /** As long as it had run when that was noted last, which is at `updated_at`, and for how long that is past. */
  readonly milliseconds: string;
  readonly milliseconds_since: string;
  readonly started_at: string;
  readonly updated_at: string;
  readonly finished_at: string | null;
  readonly created: string;
  readonly updated: string;
  readonly unchanged: string;
  readonly stale: string;
  readonly rejected: string;
  readonly repairs: readonly Readonly<Record<string, number>>[];
  readonly errors: readonly RejectedErrors[];
}

/** The errors of one rejected row. */
interface RejectedErrors {
  readonly record_type: string;
  readonly errors: readonly RowError[];
}

/** The member of an object that holds a state's JSON as a text, where PostgreSQL's JSON could not hold the state itself. */
const AS_TEXT = 'sophia.state';

/** U+0000, halves of surrogate pairs, and exponents beyond what it has numbers for, all of which may stand in the JSON of a state. */
const UNHELD = /\\u(?:0000|d[89a-f])|\de[+-]?\d{4}/i;

/** A tap's state as JSON that PostgreSQL holds. */
export function keptState(state: JsonValue): string {
  const text = JSON.stringify(state);
  return UNHELD.test(text) ? JSON.stringify({ [AS_TEXT]: text }) : text;
}

/** A tap's state as it wrote it. */
export function stateOf(text: string | null): JsonValue | null {
  if (text === null) return null;
  const kept = parseVerbatimJson(text);
  const inner = isJsonObject(kept) ? kept[AS_TEXT] : undefined;
  return typeof inner === 'string' ? parseVerbatimJson(inner) : kept;
}

/** The report without what a principal may not see. */
export function seenReport(row: ImportRunRow, { seenErrorsOf, seesOrigin }: ReportSight): ImportReport {
  const [created, updated, unchanged, stale, rejected] = [row.created, row.updated, row.unchanged, row.stale, row.rejected].map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const read = created + updated + unchanged + rejected;
  const isRunning = row.state === 'running';
  const noted = Number(row.milliseconds) / 1_000;
  // What is counted is of now, and so is the time that it took.
  const seconds = isRunning ? noted + Number(row.milliseconds_since) / 1_000 : noted;
  const { [ASSUMED]: assumed = [], ...parameters } = row.parameters;
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    state: row.state,
    read,
    created,
    updated,
    unchanged,
    stale,
    rejected,
    repairs: sumRepairs(row.repairs),
    errors: row.errors.flatMap(({ record_type, errors }) => errors.map(seenErrorsOf(record_type))).slice(0, MAX_ERRORS),
    deleted_by_version: Number(row.deleted_by_version),
    last_state: seesOrigin ? stateOf(row.last_state) : null,
    started_at: row.started_at,
    updated_at: row.updated_at,
    finished_at: row.finished_at,
    seconds,
    rows_per_second: seconds === 0 ? 0 : Math.round(read / seconds),
    seconds_left: isRunning ? secondsLeft(Number(row.bytes_read ?? 0), Number(row.bytes_total ?? 0), noted) : null,
    failure: seesOrigin ? row.failure : titled(row.failure),
    parameters: seesOrigin ? parameters : {},
    assumed,
    principal: row.principal,
    token: row.token,
  };
}

/** Without what the message may quote of the source. */
const titled = (failure: ImportReport['failure']): ImportReport['failure'] =>
  failure === null ? null : { code: failure.code, message: TITLES.get(failure.code) ?? failure.code };

/** By code: one that another version wrote may be none of these. */
const TITLES: ReadonlyMap<string, string> = new Map(Object.entries(ERROR_CODES).map(([code, { title }]) => [code, title]));

/** What a principal may see of the workspace's imports. */
export interface ReportSight {
  /** Errors of rows of the type, without the values that may not be seen. */
  readonly seenErrorsOf: (recordType: string) => (error: RowError) => RowError;
  /** Where an import comes from and how it goes on. */
  readonly seesOrigin: boolean;
}

/** A rejected row cannot be judged as a record is: its values are for who may see all rows of its type. */
export const errorsSeenBy =
  (policy: ResolvedPolicy, types: TypesByName): ReportSight['seenErrorsOf'] =>
  (recordType) => {
    const type = types.get(recordType);
    const { access, rows, masks } = policy.records(recordType);
    return type !== undefined && access === 'records' && rows === undefined ? letterSight(masks, type).seenError : withoutValue;
  };

/** What is left at the pace so far; null while it cannot be told. */
export const secondsLeft = (bytesRead: number, bytesTotal: number, seconds: number): number | null =>
  bytesRead <= 0 || bytesTotal <= 0 || seconds <= 0 ? null : Math.max(0, Math.round(((bytesTotal - bytesRead) * seconds) / bytesRead));

function sumRepairs(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const count of counts) for (const [rule, times] of Object.entries(count)) sum[rule] = (sum[rule] ?? 0) + times;
  return sum;
}

/** A condition: whether some process runs the import of table alias `i`. It holds the import's lock, which goes with it. */
export const IS_RUNNING = `exists (
  select from pg_locks as held
  where held.locktype = 'advisory' and held.objsubid = 1 and held.granted
    and held.database = (select oid from pg_database where datname = current_database())
    and ((held.classid::bigint << 32) | held.objid::bigint) = hashtextextended('sophia.import.' || i.id, 0)
)`;

/** A value: when the import of table alias `i` ended, well or not; null while it has not. One that failed has no `finished_at`. */
export const ENDED_AT = `case when i.state in ('finished', 'failed') then coalesce(i.finished_at, i.updated_at) end`;

/** The columns of `ImportRunRow`. */
export const IMPORT_NAMES: readonly (keyof ImportRunRow)[] = [
  'id',
  'name',
  'kind',
  'state',
  'principal',
  'source_system',
  'parameters',
  'lanes',
  'bytes_total',
  'bytes_read',
  'last_state',
  'deleted_by_version',
  'failure',
  'token',
  'milliseconds',
  'milliseconds_since',
  'started_at',
  'updated_at',
  'finished_at',
  'created',
  'updated',
  'unchanged',
  'stale',
  'rejected',
  'repairs',
  'errors',
];

/** A value: for how long it is past that the import of table alias `i` was noted. */
export const MILLISECONDS_SINCE = `round(extract(epoch from greatest(now() - i.updated_at, interval '0')) * 1000)::bigint`;

/** What they are over `import_run as i`. */
export const IMPORT_COLUMNS = `i.id, i.name, i.kind, i.principal, i.source_system, i.parameters, i.lanes, i.bytes_total, i.bytes_read,
  i.last_state::text as last_state, i.deleted_by_version, i.failure, i.token, i.milliseconds, i.started_at, i.updated_at, i.finished_at,
  ${MILLISECONDS_SINCE} as milliseconds_since,
  case when i.state = 'running' and not ${IS_RUNNING} then 'interrupted' else i.state end as state,
  l.created, l.updated, l.unchanged, l.stale, l.rejected, l.repairs,
  coalesce((
    select jsonb_agg(jsonb_build_object('record_type', d.record_type, 'errors', d.errors) order by d.line) from (
      select record_type, errors, line from dead_letter where import = i.id order by line limit ${MAX_ERRORS}
    ) as d
  ), '[]') as errors`;

export const IMPORT_SOURCE = `import_run as i, lateral (
  select sum(created)::bigint as created, sum(updated)::bigint as updated, sum(unchanged)::bigint as unchanged, sum(stale)::bigint as stale,
    sum(rejected)::bigint as rejected, jsonb_agg(repairs) as repairs
  from import_lane where import = i.id
) as l`;
