import type { FieldDefinition, Filter, RecordTypeDefinition } from '@sophia/types';
import { allOf, type BoundExpression, type FieldRead, literal, reachedBy } from '../expression/bound-expression.ts';
import { bindFilter, FilterProblem } from '../semantic/bind-filter.ts';
import { closest } from '../semantic/closest.ts';
import { COMMON_FIELDS } from '../semantic/name-scope.ts';
import type { TypeAccess } from './type-access.ts';

export interface RecordFilterContext {
  /** Every record type of the workspace. */
  readonly types: readonly RecordTypeDefinition[];
  /** What the caller may see of a type: masked fields, and fields of records that are not seen, are null. Absent for the policy's own filters, which judge the record as it is. */
  readonly access?: ((recordType: string) => TypeAccess) | undefined;
}

/** What every record has beside the fields of its type. Policies speak of those that the warehouse has too. */
export const RECORD_FIELDS: readonly FieldDefinition[] = [
  { name: 'id', type: 'integer' },
  { name: 'source_system', type: 'text' },
  { name: 'source_id', type: 'text' },
  { name: 'version', type: 'integer' },
  { name: 'business_priority', type: 'text' },
  { name: 'occurred_at', type: 'timestamp' },
  { name: 'created_at', type: 'timestamp' },
  { name: 'updated_at', type: 'timestamp' },
];

/** The rows of a type that are seen, and of them those that the filter asks for. Throws `FilterProblem`. */
export function bindVisibleRecords(recordType: string, context: RecordFilterContext, filter?: Filter): BoundExpression {
  const rows = context.access?.(recordType).rows;
  const conditions = [
    ...(rows === undefined ? [] : [bindRecordFilter(rows, recordType, { types: context.types })]),
    ...(filter === undefined ? [] : [bindRecordFilter(filter, recordType, context)]),
  ];
  return allOf(conditions);
}

/**
 * A condition over one record: fields of its type, of every record, and paths over references (`owner.team`).
 * Throws `FilterProblem`.
 */
export function bindRecordFilter(filter: Filter, recordType: string, context: RecordFilterContext): BoundExpression {
  const base = typeOf(recordType, context.types);
  if (base === undefined) throw new FilterProblem(`there is no record type ${recordType}`);
  return bindFilter(filter, (name) => readField(name, base, context));
}

function readField(name: string, base: RecordTypeDefinition, context: RecordFilterContext): BoundExpression {
  const path = name.split('.').slice(0, -1);
  const last = name.slice(name.lastIndexOf('.') + 1);
  const steps: Step[] = [];
  let target = base;
  for (const [index, reference] of path.entries()) {
    steps.push({ recordType: target.name, path: path.slice(0, index), field: reference });
    target = follow(name, target, reference, context.types);
  }
  const common = context.access === undefined ? COMMON_FIELDS : RECORD_FIELDS;
  const field = [...target.fields, ...common].find((each) => each.name === last);
  if (field === undefined) throw unknownField(name, target, last);
  const read: FieldRead = {
    kind: 'field',
    type: field.type === 'reference' ? 'text' : field.type,
    path,
    recordType: target.name,
    field,
  };
  return asSeen(read, [...steps, { recordType: target.name, path, field: last }], context);
}

/** A field that is read on the way: of the judged record, or of one that references lead to. */
interface Step {
  readonly recordType: string;
  readonly path: readonly string[];
  readonly field: string;
}

function follow(name: string, type: RecordTypeDefinition, step: string, types: readonly RecordTypeDefinition[]): RecordTypeDefinition {
  const reference = type.fields.find((field) => field.name === step);
  if (reference === undefined) throw unknownField(name, type, step);
  const target = reference.references === undefined ? undefined : typeOf(reference.references, types);
  if (target === undefined) throw new FilterProblem(`${name}: ${step} of ${type.name} leads to no record type`, name);
  return target;
}

/** The value where the caller sees it and all that leads to it, else null. */
function asSeen(read: FieldRead, steps: readonly Step[], { types, access }: RecordFilterContext): BoundExpression {
  if (access === undefined) return read;
  const nothing = literal(read.type, null);
  const conditions: BoundExpression[] = [];
  for (const { recordType, path, field } of steps) {
    const seen = access(recordType);
    const mask = seen.masks.find(({ fields }) => fields.includes(field));
    const elsewhere = path.length > 0;
    if ((mask !== undefined && mask.visible === undefined) || (elsewhere && seen.access !== 'records')) return nothing;
    for (const filter of [mask?.visible, elsewhere ? seen.rows : undefined])
      if (filter !== undefined) conditions.push(reachedBy(path, bindRecordFilter(filter, recordType, { types })));
  }
  if (conditions.length === 0) return read;
  return { kind: 'choice', type: read.type, branches: [{ when: allOf(conditions), value: read }], otherwise: nothing };
}

const typeOf = (name: string, types: readonly RecordTypeDefinition[]): RecordTypeDefinition | undefined =>
  types.find((type) => type.name === name);

/** Whether it is a column of every record rather than a field of its type. */
export const isRecordField = (field: FieldDefinition): boolean => RECORD_FIELDS.includes(field) || COMMON_FIELDS.includes(field);

function unknownField(name: string, type: RecordTypeDefinition, step: string): FilterProblem {
  const known = [...type.fields, ...RECORD_FIELDS].map((field) => field.name);
  return new FilterProblem(`${name}: ${type.name} has no field ${step}${closest(step, known)}`, name);
}
