import type { WorkspaceId } from '@sophia/types';
import type { FieldLayout, TypeLayout } from '../warehouse.ts';
import { fieldExpression, systemExpression } from './field-expression.ts';
import { literal } from './identifiers.ts';
import { joinedLayout, knownLayout, type Layouts, typeLayout } from './layouts.ts';
import { EXTENSION, RECORD, relationSql } from './relation.ts';
import type { TableLayout } from './table-layout.ts';

/**
 * Statements that make the views anew, which are of the tables as they are now:
 * `unified_data_catalog` (all records, `data` as JSON), `record_versions` (all versions, `valid_to` null for current
 * ones) and `active_deals` (deals of status open, with the built-in fields as columns).
 */
export function viewStatements(layouts: Layouts): string[] {
  const branches = [...layouts.values()].map((table) => branchOf(layouts, table));
  const records = branches.map((branch) => branchSql(branch, 'current'));
  const past = branches.map((branch) => branchSql(branch, 'history'));
  const current = branches.map((branch) => branchSql(branch, 'current', ['null::timestamp as valid_to']));
  const deals = typeLayout(layouts, ALL, 'deal');
  const open = deals && `select * from (${relationSql(deals, { part: 'current', where: 'true' })}) where status = 'open'`;
  return [
    `create or replace view unified_data_catalog as ${records.join(' union all ')}`,
    `create or replace view record_versions as ${[...current, ...past].join(' union all ')}`,
    ...(open === undefined ? [] : [`create or replace view active_deals as ${open}`]),
  ];
}

/** Whether a statement reads one of the views, or seems to. */
export const readsViews = (text: string): boolean => /\b(?:unified_data_catalog|record_versions|active_deals)\b/i.test(text);

/** No workspace has this number: the layout of a built-in type without anyone's additions. */
// A brand is given by its parser; this value stands for none.
const ALL = 0 as WorkspaceId;

/** Records with the same columns: a built-in type of most workspaces, or a type of one. */
interface Branch {
  readonly type: TypeLayout;
  readonly where?: string | undefined;
}

function branchOf(layouts: Layouts, table: TableLayout): Branch {
  const { workspace, recordType, kind } = table;
  if (workspace !== null) {
    return { type: kind === 'records' ? joinedLayout(workspace, table) : knownLayout(layouts, workspace, recordType) };
  }
  const extended = [...layouts.values()].filter((other) => other.kind === 'extension' && other.recordType === recordType);
  const others = extended.map((other) => other.workspace);
  return { type: joinedLayout(ALL, table), where: others.length === 0 ? 'true' : `${RECORD}.workspace not in (${others.join(', ')})` };
}

function branchSql({ type, where }: Branch, part: 'current' | 'history', more: readonly string[] = []): string {
  const members = [...type.fields].map(([name, field]) => `${literal(name)}, ${jsonExpression(field)}`);
  const json = `json_object(${[...members, `'extra', ${RECORD}.extra`].join(', ')}) as data`;
  return relationSql(type, { part, where, fields: [`${literal(type.recordType)} as record_type`, json, ...more] });
}

/** SQL of a field's value as the catalog's JSON has it; money with all digits of its scale. */
function jsonExpression(field: FieldLayout): string {
  const alias = field.extension ? EXTENSION : RECORD;
  const value = fieldExpression(field, alias);
  switch (field.definition.type) {
    case 'money':
    case 'date':
      return `cast(${value} as varchar)`;
    case 'timestamp':
      return `strftime(${value}, '%Y-%m-%dT%H:%M:%S.%fZ')`;
    case 'integer':
      return `case when abs(${value}::hugeint) > 9007199254740991 then to_json(${value}::varchar) else to_json(${value}) end`;
    case 'reference': {
      const system = systemExpression(field, alias, RECORD);
      const foreign = `json_object('source_system', ${system}, 'source_id', ${value})`;
      return `case when ${system} <> ${RECORD}.source_system then ${foreign} else to_json(${value}) end`;
    }
    default:
      return value;
  }
}
