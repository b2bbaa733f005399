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
export function createReadPlans(): (types: TypesByName, policy: ResolvedPolicy, recordType: string, find: Find) => ReadPlan {
  const kept = new WeakMap<TypesByName, WeakMap<ResolvedPolicy, Map<string, ReadPlan>>>();
  return (types, policy, recordType, find) => {
    if (find.keyed === undefined) return planOf(types, policy, recordType, find);
    const ofTypes = kept.get(types) ?? new WeakMap<ResolvedPolicy, Map<string, ReadPlan>>();
    kept.set(types, ofTypes);
    const plans = ofTypes.get(policy) ?? new Map<string, ReadPlan>();
    ofTypes.set(policy, plans);
    const name = `${recordType} ${find.where}`;
    const plan = plans.get(name) ?? planOf(types, policy, recordType, find);
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

function planOf(types: TypesByName, policy: ResolvedPolicy, recordType: string, find: Find): ReadPlan {
  const sight = sightOf({ recordType, types: [...types.values()], policy, filter: find.filter, offset: 2 + find.values.length });
  const from = `from record as r
    where r.workspace = $1::int and r.record_type = $2 and ${DELETED[find.deleted ?? 'exclude']} and ${find.where} and ${sight.where}`;
  const columns = `${RECORD_COLUMNS}, ${sight.shown} as shown`;
  const limit = `order by ${ORDER} limit $${3 + find.values.length + sight.parameters.length}::int`;
  const text =
    find.limit === undefined
      ? `select ${columns} ${from}`
      : boundedPage({ rows: `select ${columns} ${from} ${limit}`, columns: `${RECORD_COLUMNS}, shown`, values: ['data'], order: ORDER });
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
