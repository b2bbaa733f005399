import type { TypeLayout } from '../warehouse.ts';
import { fieldExpression, systemExpression } from './field-expression.ts';
import { quote } from './identifiers.ts';
import { historyOf, OWN_COLUMNS, systemColumn } from './table-layout.ts';

export interface RelationSelection {
  /** `current` and `history` give the table's rows, `as_of` those that were current at `instant`. */
  readonly part: 'current' | 'history' | 'as_of';
  /** SQL of a timestamp. */
  readonly instant?: string | undefined;
  /** What is selected behind the columns that every record has; each field under its name unless told. */
  readonly fields?: readonly string[] | undefined;
  /** SQL over the alias `r`: which records; those of the layout's workspace unless told. */
  readonly where?: string | undefined;
}

/** The aliases of a type's table and of its extension. */
export const RECORD = 'r';
export const EXTENSION = 'e';

/** SQL of a query for the records of one type: the columns that every record has, then its fields. */
export function relationSql(type: TypeLayout, { part, instant, fields, where }: RelationSelection): string {
  const selected = [...OWN_COLUMNS.records.map(({ name }) => `${RECORD}.${name}`), ...(fields ?? fieldColumns(type))];
  const from = (table: string, extension: string | undefined, condition: string, more: readonly string[] = []) =>
    `select ${[...selected, ...more].join(', ')} from ${quote(table)} ${RECORD}${extension === undefined ? '' : ` ${extension}`} where ${condition}`;
  const records = where ?? `${RECORD}.workspace = ${type.workspace}`;
  const { extensionTable } = type;
  const current = extensionTable && `left join ${quote(extensionTable)} ${EXTENSION} on ${EXTENSION}.id = ${RECORD}.id`;
  const past =
    extensionTable &&
    `left join ${quote(historyOf(extensionTable))} ${EXTENSION} on ${EXTENSION}.id = ${RECORD}.id and ${EXTENSION}.version = ${RECORD}.version`;
  switch (part) {
    case 'current':
      return from(type.table, current, records);
    case 'history':
      return from(historyOf(type.table), past, records, [`${RECORD}.valid_to`]);
    case 'as_of':
      return `${from(type.table, current, `${records} and ${RECORD}.valid_from <= ${instant}`)} union all ${from(
        historyOf(type.table),
        past,
        `${records} and ${RECORD}.valid_from <= ${instant} and ${RECORD}.valid_to > ${instant}`,
      )}`;
  }
}

/** Each field under its name, a reference with its system; then what no field knows. */
function fieldColumns({ fields }: TypeLayout): string[] {
  const values = [...fields].flatMap(([name, field]) => {
    const alias = field.extension ? EXTENSION : RECORD;
    const value = `${fieldExpression(field, alias)} as ${quote(name)}`;
    if (field.definition.type !== 'reference') return [value];
    return [value, `${systemExpression(field, alias, RECORD)} as ${quote(systemColumn(name))}`];
  });
  return [...values, `${RECORD}.extra`];
}
