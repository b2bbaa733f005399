import type { JsonObject, RecordTypeDefinition } from '@sophia/types';
import { type BoundExpression, readsToday, TRUE } from '../expression/bound-expression.ts';
import { type EvaluationScope, evaluate, UNDECIDED } from '../expression/evaluate.ts';
import type { LinkedLayer } from '../semantic/linked-layer.ts';
import { isCommonField } from '../semantic/name-scope.ts';
import { policyCondition } from '../sql/policy-condition.ts';
import { readRecords } from '../sql/read-records.ts';
import { blockExpressions } from '../sql/write-block.ts';
import type { Day } from '../time/calendar.ts';
import type { CompileContext } from './compile-context.ts';
import type { CompiledQuery, RecordChange } from './compiled-query.ts';
import type { Block, QueryPlan } from './query-plan.ts';

/** What the answer to a plan depends on: records, their fields, the day. */
export function dependenciesOf(
  plan: QueryPlan,
  { recordTypes }: LinkedLayer,
  context: CompileContext,
): Pick<CompiledQuery, 'reads' | 'affects' | 'usesToday'> {
  const measured = new Map<string, { readonly fields: Set<string>; readonly conditions: BoundExpression[] }>();
  const joined = new FieldsByType();
  for (const block of plan.blocks) {
    const [base, ...others] = readRecords(block.from.recordType.name, blockExpressions(block), recordTypes);
    const known = measured.get(base.recordType) ?? { fields: new Set(), conditions: [] };
    for (const field of base.fields) known.fields.add(field);
    measured.set(base.recordType, { ...known, conditions: [...known.conditions, block.condition] });
    for (const { recordType, fields } of others) joined.add(recordType, fields);
  }
  const judged = policyFields([...measured.keys(), ...joined.types()], recordTypes, context);
  const isAffected = affected(measured, joined, judged, plan, context);
  return {
    reads: readsOf(measured, joined, judged),
    usesToday: plan.usesToday || plan.blocks.some(readsTodayIn) || plan.metrics.some(({ expression }) => readsToday(expression)),
    affects: isAffected,
  };
}

const readsTodayIn = (block: Block): boolean => blockExpressions(block).some(readsToday);

class FieldsByType {
  readonly #fields = new Map<string, Set<string>>();

  add(recordType: string, fields: Iterable<string>): void {
    const known = this.#fields.get(recordType) ?? new Set();
    for (const field of fields) known.add(field);
    this.#fields.set(recordType, known);
  }

  types(): Iterable<string> {
    return this.#fields.keys();
  }

  of(recordType: string): ReadonlySet<string> | undefined {
    return this.#fields.get(recordType);
  }
}

/** The fields that decide which rows and values of these types the principal sees. */
function policyFields(
  types: Iterable<string>,
  recordTypes: ReadonlyMap<string, RecordTypeDefinition>,
  { policy }: CompileContext,
): FieldsByType {
  const judged = new FieldsByType();
  for (const recordType of types) {
    const { rows, masks = [] } = policy?.types[recordType] ?? {};
    const filters = [rows, ...masks.map(({ visible }) => visible)].filter((filter) => filter !== undefined);
    const conditions = filters.map((filter) => policyCondition(filter, recordType, recordTypes));
    if (conditions.length === 0) continue;
    for (const record of readRecords(recordType, conditions, recordTypes)) judged.add(record.recordType, record.fields);
  }
  return judged;
}

function readsOf(measured: ReadonlyMap<string, { readonly fields: ReadonlySet<string> }>, ...others: readonly FieldsByType[]) {
  const types = new Set([...measured.keys(), ...others.flatMap((each) => [...each.types()])]);
  return [...types].sort().map((recordType) => {
    const fields = [...(measured.get(recordType)?.fields ?? []), ...others.flatMap((each) => [...(each.of(recordType) ?? [])])];
    return { recordType, fields: [...new Set(fields)].sort() };
  });
}

/**
 * Whether a change can change the answer. A record that is joined matters by its fields: not being there is the same as
 * having none. One that is measured matters by its fields, if it passes the conditions before or after.
 */
function affected(
  measured: ReadonlyMap<string, { readonly fields: ReadonlySet<string>; readonly conditions: readonly BoundExpression[] }>,
  joined: FieldsByType,
  judged: FieldsByType,
  plan: QueryPlan,
  context: CompileContext,
): (change: RecordChange) => boolean {
  return ({ recordType, before, after, erased }) => {
    const own = measured.get(recordType);
    const isRead = own !== undefined || joined.of(recordType) !== undefined || judged.of(recordType) !== undefined;
    if (!isRead || erased === true) return isRead;
    if (differs(judged.of(recordType), before, after)) return true;
    // The past does not change but in what the present lets be seen of it.
    if (plan.asOf !== null) return false;
    if (differs(joined.of(recordType), before, after)) return true;
    if (own === undefined) return false;
    if (before !== null && after !== null && !differs(own.fields, before, after)) return false;
    const unsure = undecidedFields(recordType, context);
    return own.conditions.some(
      (condition) => mayPass(condition, before, unsure, plan.today) || mayPass(condition, after, unsure, plan.today),
    );
  };
}

/** A record's common fields are not in its data, so they may have changed. */
function differs(fields: ReadonlySet<string> | undefined, before: JsonObject | null, after: JsonObject | null): boolean {
  if (fields === undefined) return false;
  return [...fields].some(
    (field) => isCommonField(field) || JSON.stringify(before?.[field] ?? null) !== JSON.stringify(after?.[field] ?? null),
  );
}

/** What the scan may see otherwise than the data says: masked fields, and those whose type changed. */
function undecidedFields(recordType: string, { policy, table }: CompileContext): (field: string) => boolean {
  const masked = new Set((policy?.types[recordType]?.masks ?? []).flatMap(({ fields }) => fields));
  const layout = table(recordType);
  return (field) => masked.has(field) || isCommonField(field) || layout?.fields.get(field)?.columns.length !== 1;
}

function mayPass(condition: BoundExpression, data: JsonObject | null, isUndecided: (field: string) => boolean, today: Day): boolean {
  if (data === null) return false;
  if (condition === TRUE) return true;
  const read: EvaluationScope['read'] = ({ path, field }) => {
    if (path.length > 0 || isUndecided(field.name)) return UNDECIDED;
    return data[field.name] ?? null;
  };
  const passes = evaluate(condition, { today, read });
  return passes === true || passes === UNDECIDED;
}
