import type { FieldDefinition, RecordTypeDefinition } from '@sophia/types';
import type { BoundExpression, Choice, FieldRead, Operation, ValueType } from '../expression/bound-expression.ts';
import { COMPARISON_SIGNS } from '../expression/comparison-signs.ts';
import { isRecordField } from './bind-record-filter.ts';
import { sortableInstant } from './typed-value.ts';

export interface PostgresConditionOptions {
  /** The type of the records that are judged. */
  readonly recordType: string;
  /** Every record type of the workspace. */
  readonly types: readonly RecordTypeDefinition[];
  /** How the statement names the row of table `record` that is judged. */
  readonly alias: string;
  /** The number of parameters before these. */
  readonly offset: number;
}

export interface PostgresCondition {
  /** A condition in parentheses where anything may stand beside it. */
  readonly text: string;
  /** Bound as `$offset+1` ...; all of them text. */
  readonly parameters: readonly string[];
}

/**
 * A condition of `bindRecordFilter` over the catalog's table `record`, whose fields are in `data jsonb`. Fields over
 * references are read by the referenced record's key, deleted ones aside. A value that is not of its field's type
 * never fails the statement: what is asked of it is unknown, also whether it is null.
 */
export function postgresCondition(condition: BoundExpression, options: PostgresConditionOptions): PostgresCondition {
  const { alias, offset, recordType, types } = options;
  const parameters: string[] = [];
  const bind = (value: string): string => {
    const known = parameters.indexOf(value);
    if (known === -1) parameters.push(value);
    return `$${offset + (known === -1 ? parameters.length : known + 1)}`;
  };
  return { text: write(condition, { alias, bind, recordType, types }), parameters };
}

interface Scope extends Omit<PostgresConditionOptions, 'offset'> {
  readonly bind: (value: string) => string;
}

function write(expression: BoundExpression, scope: Scope): string {
  switch (expression.kind) {
    case 'field':
      return writeField(expression, scope);
    case 'literal':
      return writeLiteral(expression.value, expression.type, scope);
    case 'operation':
      return expression.operation === 'is_null' ? writeIsNull(expression.operands, scope) : writeOperation(expression, scope);
    case 'choice':
      return writeChoice(expression, (value) => write(value, scope), scope);
    default:
      throw new TypeError(`A filter over records holds no ${expression.kind}.`);
  }
}

function writeChoice({ branches, otherwise }: Choice, writeValue: (value: BoundExpression) => string, scope: Scope): string {
  const written = branches.map(({ when, value }) => `when ${write(when, scope)} then ${writeValue(value)}`);
  return `case ${written.join(' ')} else ${writeValue(otherwise)} end`;
}

/** A value of another type reads as null, but is not known to be: only what is null in the JSON is. */
function writeIsNull(operands: readonly BoundExpression[], scope: Scope): string {
  const tests = operands.map((operand): string => {
    if (operand.kind === 'choice') return writeChoice(operand, (value) => writeIsNull([value], scope), scope);
    const isNull = `${write(operand, scope)} is null`;
    if (operand.kind !== 'field' || operand.type === 'json' || isRecordField(operand.field)) return isNull;
    return `${isNull} and (${writeField({ ...operand, type: 'json' }, scope)} is null or null)`;
  });
  return `(${tests.join(' and ')})`;
}

function writeOperation({ operation, operands }: Operation, scope: Scope): string {
  const values = operands.map((operand) => write(operand, scope));
  const [first = '', second = ''] = values;
  switch (operation) {
    case 'and':
    case 'or':
      return `(${values.join(` ${operation} `)})`;
    case 'not':
      return `(not ${first})`;
    case 'in':
      return `(${first} in (${values.slice(1).join(', ')}))`;
    case 'contains':
      return `(strpos(${first}, ${second}) > 0)`;
    case 'starts_with':
      return `starts_with(${first}, ${second})`;
    case 'list_contains':
      return `(${first} ? ${second})`;
    case 'day_of':
      return `left(${first}, 10)`;
    case 'eq':
    case 'ne':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return `(${first} ${COMPARISON_SIGNS[operation]} ${second})`;
    default:
      throw new TypeError(`A filter over records has no operation ${operation}.`);
  }
}

/** How values of a type are compared; texts, days and instants as text by code points. */
const SQL_TYPES: Readonly<Record<ValueType, string>> = {
  text: 'text',
  integer: 'numeric',
  number: 'numeric',
  money: 'numeric',
  boolean: 'boolean',
  date: 'text',
  timestamp: 'text',
  text_list: 'jsonb',
  json: 'jsonb',
};

function writeLiteral(value: string | boolean | null, type: ValueType, { bind }: Scope): string {
  if (value === null) return `null::${SQL_TYPES[type]}`;
  if (typeof value === 'boolean') return String(value);
  const text = type === 'timestamp' ? sortableInstant(value) : value;
  return `${bind(text)}::${SQL_TYPES[type]}`;
}

/** A field of the judged row, or of the record that references lead to. */
function writeField({ path, field, type }: FieldRead, scope: Scope): string {
  const { alias, bind } = scope;
  if (path.length === 0) return readColumn(alias, field, type, bind);
  const { steps, last } = followReferences(path, scope);
  // `offset 0` keeps PostgreSQL from putting them in another order, of which some read all records for each one that is judged.
  const from = steps.map((step) => `lateral (select * from record as ${step.alias} where ${step.condition} offset 0) as ${step.alias}`);
  return `(select ${readColumn(last, field, type, bind)} from ${from.join(', ')})`;
}

/** Aliases are made of the judged row's, so that none is one of the caller's. */
function followReferences(path: readonly string[], { alias, bind, recordType, types }: Scope) {
  const steps: { readonly alias: string; readonly condition: string }[] = [];
  let from = alias;
  let type = recordType;
  for (const name of path) {
    const target = `${alias}_${steps.length + 1}`;
    // Binding the filter has found a type at the end of each reference.
    type = types.find((each) => each.name === type)?.fields.find((field) => field.name === name)?.references as string;
    steps.push({ alias: target, condition: isReferredTo(target, type, from, name, bind) });
    from = target;
  }
  return { steps, last: from };
}

/** A reference holds a source id within the record's own source system, or both. */
function isReferredTo(target: string, type: string, from: string, name: string, bind: Scope['bind']): string {
  const reference = `${from}.data->${bind(name)}::text`;
  const isObject = `jsonb_typeof(${reference}) = 'object'`;
  const system = `case when ${isObject} then (${reference})->>'source_system' else ${from}.source_system end`;
  const id = `case when ${isObject} then (${reference})->>'source_id' else (${reference})#>>'{}' end`;
  const key = `${target}.record_type = ${bind(type)}::text and ${target}.source_system = ${system} and ${target}.source_id = ${id}`;
  return `${target}.workspace = ${from}.workspace and ${key} and ${target}.deleted_at is null`;
}

function readColumn(alias: string, field: FieldDefinition, type: ValueType, bind: Scope['bind']): string {
  if (isRecordField(field)) return readRecordField(alias, field.name, type);
  const value = `${alias}.data->${bind(field.name)}::text`;
  return readJson(value, type);
}

function readRecordField(alias: string, name: string, type: ValueType): string {
  const column = `${alias}.${name}`;
  if (type === 'timestamp') return `(to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') collate "C")`;
  return type === 'integer' ? `${column}::numeric` : `(${column} collate "C")`;
}

function readJson(value: string, type: ValueType): string {
  const text = `(${value})#>>'{}'`;
  const kind = `jsonb_typeof(${value})`;
  switch (type) {
    case 'text':
      return `(case ${kind} when 'string' then ${text} when 'object' then case jsonb_typeof((${value})->'source_id') when 'string' then (${value})->>'source_id' end end collate "C")`;
    case 'integer':
      return `(case when ${kind} in ('number', 'string') and ${text} ~ '^-?[0-9]{1,19}$' then (${text})::numeric end)`;
    case 'money':
      return `(case when ${kind} in ('number', 'string') and ${text} ~ '^-?[0-9]{1,14}(\\.[0-9]{1,4})?$' then (${text})::numeric end)`;
    case 'number':
      return `(case ${kind} when 'number' then (${text})::numeric end)`;
    case 'boolean':
      return `(case ${kind} when 'boolean' then (${value})::boolean end)`;
    case 'date':
      return `(case when ${kind} = 'string' and ${text} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' then ${text} end collate "C")`;
    case 'timestamp':
      // The same text as sortableInstant makes: always six digits of the second, no Z.
      return `(case when ${kind} = 'string' and ${text} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?Z$' then left(${text}, 19) || '.' || rpad(rtrim(substr(${text}, 21), 'Z'), 6, '0') end collate "C")`;
    case 'text_list':
      return `(case ${kind} when 'array' then ${value} end)`;
    case 'json':
      return `nullif(${value}, 'null')`;
  }
}
