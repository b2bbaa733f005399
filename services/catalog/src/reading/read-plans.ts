import type { ResolvedPolicy } from '@sophia/core';
import { boundedPage, type Statement } from '@sophia/database';
import type { Filter } from '@sophia/types';
import type { ListOptions } from '../catalog.ts';
import type { TypesByName } from '../record-types/record-type-book.ts';
import { RECORD_COLUMNS } from './record-columns.ts';
import { type Sight, sightOf, statementName } from './sight.ts';

export interface Find {
  /** Beside workspace ($1) and type ($2). */
  readonly where: string;
  readonly values: readonly unknown[];
  /** In the order of their keys, so many; all unless told. */
  readonly limit?: number;
  /** It reads one row by this key: such reads share a statement, and their plans are kept. */
  readonly keyed?: Statement['keyed'];
  readonly filter?: Filter | undefined;
  readonly deleted?: ListOptions['deleted'];
}

/** A statement that reads the records which a principal sees. Its parameters: workspace, type, those of `find`, of `sight`, and the limit where there is one. */
export interface ReadPlan {
  readonly statement: Statement;
  readonly sight: Sight;
}

/** Makes the plans of reads; those by key once for each policy, as long as the record types stand. */
export function createReadPlans(
  portion = PORTION,
): (types: TypesByName, policy: ResolvedPolicy, recordType: string, find: Find) => ReadPlan {
  const kept = new WeakMap<TypesByName, WeakMap<ResolvedPolicy, Map<string, ReadPlan>>>();
  return (types, policy, recordType, find) => {
    if (find.keyed === undefined) return planOf(types, policy, recordType, find, portion);
    const ofTypes = kept.get(types) ?? new WeakMap<ResolvedPolicy, Map<string, ReadPlan>>();
    kept.set(types, ofTypes);
    const plans = ofTypes.get(policy) ?? new Map<string, ReadPlan>();
    ofTypes.set(policy, plans);
    const name = `${recordType} ${find.where}`;
    const plan = plans.get(name) ?? planOf(types, policy, recordType, find, portion);
    plans.set(name, plan);
    return plan;
  };
}

const DELETED = {
  exclude: 'r.deleted_at is null',
  only: 'r.deleted_at is not null and r.version > 0',
  include: 'r.version > 0',
} as const;

const ORDER = 'source_system, source_id';

/** Records that a page looks at: where few of very many are asked for, or seen, it may end without one and is gone on from. */
const PORTION = 100_000;
/** The part of them at whose keys it may end. */
const EDGE = 0.1;

function planOf(types: TypesByName, policy: ResolvedPolicy, recordType: string, find: Find, portion: number): ReadPlan {
  const sight = sightOf({ recordType, types: [...types.values()], policy, filter: find.filter, offset: 2 + find.values.length });
  const { deleted = 'exclude' } = find;
  const ofType = `r.workspace = $1::int and r.record_type = $2 and ${find.where}`;
  const wanted = `${DELETED[deleted]} and ${sight.where}`;
  const columns = `${RECORD_COLUMNS}, ${sight.shown} as shown`;
  const limit = `$${3 + find.values.length + sight.parameters.length}::int`;
  const areFew = sight.where !== 'true' || deleted === 'only';
  const text =
    find.limit === undefined
      ? `select ${columns} from record as r where ${ofType} and ${wanted}`
      : pageText({ columns, ofType, wanted, portion: areFew ? portion : undefined, limit });
  const { keyed } = find;
  const statement = {
    name: statementName('catalog_read', text),
    text,
    passing: find.filter !== undefined,
    quick: keyed !== undefined,
    keyed,
  };
  return { sight, statement };
}

interface PageParts {
  readonly columns: string;
  readonly ofType: string;
  readonly wanted: string;
  /** Where what is wanted may be few of very many. */
  readonly portion: number | undefined;
  readonly limit: string;
}

/** The statement of a page. Of a portion, `edge` has the keys between which it may end, if the page is not full before. */
function pageText({ columns, ofType, wanted, portion, limit }: PageParts): string {
  const page = (from: string, where: string): string =>
    boundedPage({
      rows: `select ${columns} from ${from} where ${where} order by ${ORDER} limit ${limit}`,
      columns: `${RECORD_COLUMNS}, shown`,
      values: ['data'],
      order: ORDER,
    });
  if (portion === undefined) return page('record as r', `${ofType} and ${wanted}`);
  const edge = Math.ceil(portion * EDGE);
  const key = (behind: string, offset: number): string =>
    `select ${ORDER} from record as r where ${ofType} ${behind} order by ${ORDER} offset ${offset} limit 1`;
  const last = key('and (r.source_system, r.source_id) > (first.source_system, first.source_id)', edge - 1);
  return `with page as materialized (${page(`(select * from record as r where ${ofType} order by ${ORDER} limit ${portion}) as r`, wanted)})
    select page.*, case when (select coalesce(max(found), 0) from page) < ${limit} then (
      select array[first.source_system, first.source_id, last.source_system, last.source_id]
      from (${key('', portion - edge - 1)}) as first, lateral (${last}) as last
    ) end as edge
    from (values (true)) as one left join page on true
    order by page.source_system, page.source_id`;
}
