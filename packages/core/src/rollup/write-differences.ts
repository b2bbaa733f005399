import type { FieldRead } from '../expression/bound-expression.ts';
import { pathKey } from '../sql/read-records.ts';
import { groupBy } from '../sql/write-block.ts';
import { rollupKeys } from './rollup-columns.ts';
import { currentField, currentJoins, onReference, type RollupScope, type StoredRecord, type Write } from './rollup-scope.ts';
import { selectRollup, sumColumns } from './rollup-sums.ts';

/** Column that is -1 for a record as it was, and 1 as it is. No field has two underscores in its name. */
const SIDE = 'rollup__side';

/**
 * Adds the difference that the changed records make. A record counts -1 as it was with what it referred to as that was,
 * and 1 as it is now: those that changed themselves, and those that refer to one that changed. `others` are the records
 * referred to that may have changed: none where only the summed type did.
 */
export function writeDifferences(scope: RollupScope, others: RollupScope['others'], write: Write): string {
  const { rollup, name, quote } = scope;
  const changed = others.map((record, index) => `changed${index} as (${writeChanged(scope, record)})`);
  const parts = [
    ...changed,
    ...(others.length === 0 ? [] : [`affected as (${writeAffected(scope, others)})`]),
    `counted as (${writeCounted(scope, others)})`,
  ];
  const joins = others.map((record, index) => ` left join changed${index} as c${index} on ${onReference(scope, record, `c${index}`)}`);
  const current = currentField(scope);
  const field = (read: FieldRead): string => {
    const index = others.findIndex((record) => pathKey(record.path) === pathKey(read.path));
    if (index === -1) return current(read);
    const was = `c${index}.${quote(wasColumn(read.field.name))}`;
    return `case when t.${SIDE} < 0 and c${index}.source_id is not null then ${was} else ${current(read)} end`;
  };
  const selected = selectRollup(rollup, (each) => write(each, field), `t.${SIDE}`);
  const from = `counted as t${currentJoins(scope)}${joins.join('')}`;
  const columns = [...rollupKeys(rollup).map((key) => key.name), ...sumColumns(rollup), 'merged'];
  const select = `select ${selected}, false as merged from ${from}${groupBy(rollupKeys(rollup).length)}`;
  return `insert into ${quote(name)} (${columns.join(', ')}) with ${parts.join(', ')} ${select}`;
}

const wasColumn = (field: string): string => `was__${field}`;

/** The records referred to whose fields are not what they were, each with what they were. */
function writeChanged({ columns: columnsOf, quote, workspace }: RollupScope, record: StoredRecord): string {
  const columns = columnsOf(record, 'r');
  const fields = record.fields.map((field) => ({
    name: quote(wasColumn(field)),
    was: `max(${columns.column(field)}) filter (where r.sign < 0)`,
    is: `max(${columns.column(field)}) filter (where r.sign > 0)`,
  }));
  const selected = ['r.source_system', 'r.source_id', ...fields.map(({ name, was }) => `${was} as ${name}`)];
  const differs = fields.map(({ was, is }) => `${was} is distinct from ${is}`);
  const from = `${changedView(record, quote)} as r where r.workspace = ${workspace}`;
  return `select ${selected.join(', ')} from ${from} group by 1, 2 having ${differs.join(' or ')}`;
}

/** Ids of the records that refer to one that changed. Where none did, nothing is read: the join's other side is empty. */
function writeAffected(scope: RollupScope, others: RollupScope['others']): string {
  const { base, quote, workspace } = scope;
  const referring = others.map((record, index) => {
    const join = `join changed${index} as c${index} on ${onReference(scope, record, `c${index}`)}`;
    return `select t.id from ${quote(base.table.table)} as t ${join} where t.workspace = ${workspace}`;
  });
  return referring.join(' union ');
}

/** The records to count, each with its side: those that changed, and of those that did not the affected ones, twice. */
function writeCounted({ base, quote, workspace }: RollupScope, others: RollupScope['others']): string {
  const view = changedView(base, quote);
  const changed = `select *, sign as ${SIDE} from ${view} where workspace = ${workspace}`;
  if (others.length === 0) return changed;
  const sides = `(select -1 as ${SIDE} union all select 1) as s`;
  const from = `${quote(base.table.table)} as t join affected as a on a.id = t.id cross join ${sides}`;
  const isUnchanged = `t.id not in (select id from ${view} where workspace = ${workspace})`;
  return `${changed} union all select t.*, s.${SIDE} as sign, s.${SIDE} from ${from} where t.workspace = ${workspace} and ${isUnchanged}`;
}

const changedView = ({ table }: StoredRecord, quote: RollupScope['quote']): string => quote(`changed_${table.table}`);
