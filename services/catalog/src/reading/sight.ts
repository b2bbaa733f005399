import { createHash } from 'node:crypto';
import {
  bindRecordFilter,
  bindVisibleRecords,
  EXTRA,
  maskRecord,
  omitMasked,
  type PostgresCondition,
  postgresCondition,
  type ResolvedPolicy,
} from '@sophia/core';
import { SophiaError } from '@sophia/shared';
import type { FieldMask, Filter, JsonObject, RecordTypeDefinition } from '@sophia/types';

/** What a principal sees of the records of a type, as parts of a statement over `record as r`. */
export interface Sight {
  /** A condition: the rows that are seen and asked for. */
  readonly where: string;
  /** `boolean[]`: for each of `masks.rules`, whether its fields are shown in the row after all. */
  readonly shown: string;
  /** All of them text, after those that the statement has already. */
  readonly parameters: readonly string[];
  readonly masks: Masks;
}

/** What is masked of the records of a type. */
export interface Masks {
  readonly rules: readonly FieldMask[];
  /** What the type knows; a record that is older than its type may have more, which is masked as `extra` is. */
  readonly known: ReadonlySet<string>;
}

interface SightOptions {
  readonly recordType: string;
  readonly types: readonly RecordTypeDefinition[];
  readonly policy: ResolvedPolicy;
  /** Over the record as this principal sees it: what is masked is null to it. */
  readonly filter?: Filter | undefined;
  /** Parameters that the statement has before these. */
  readonly offset: number;
}

/** Errors: `invalid_filter`. */
export function sightOf({ recordType, types, policy, filter, offset }: SightOptions): Sight {
  const parameters: string[] = [];
  const write = (condition: ReturnType<typeof bindRecordFilter>): string => {
    const written: PostgresCondition = postgresCondition(condition, { recordType, types, alias: 'r', offset: offset + parameters.length });
    parameters.push(...written.parameters);
    return written.text;
  };
  const { masks: rules } = policy.records(recordType);
  const where = naming(() => write(bindVisibleRecords(recordType, { types, access: (name) => policy.records(name) }, filter)));
  const shown = rules.map(({ visible }) =>
    visible === undefined ? 'false' : `${naming(() => write(bindRecordFilter(visible, recordType, { types })))} is true`,
  );
  const fields = types.find(({ name }) => name === recordType)?.fields.map(({ name }) => name);
  const masks = { rules, known: new Set(fields).add(EXTRA) };
  return { where, shown: `array[${shown.join(', ')}]::boolean[]`, parameters, masks };
}

/** A record's data with what the row does not show as null, also where it has no value. */
export const seenData = <Data extends JsonObject | null>(data: Data, masks: Masks, shown: readonly boolean[]): Data =>
  // Null stays null, an object one.
  (data === null || masks.rules.length === 0
    ? data
    : maskRecord(withoutUnknown(data, masks, shown), masks.rules, isShown(masks, shown))) as Data;

/** Some fields of a record, as those that a version changed, without what the row does not show. */
export const seenFields = (fields: JsonObject | null, masks: Masks, shown: readonly boolean[]): JsonObject | null =>
  fields === null ? null : omitMasked(withoutUnknown(fields, masks, shown), masks.rules, isShown(masks, shown));

const isShown =
  ({ rules }: Masks, shown: readonly boolean[]) =>
  (mask: FieldMask): boolean =>
    shown[rules.indexOf(mask)] === true;

/** Nobody knows what a field holds that the type does not know: it is left out where `extra` is masked. */
function withoutUnknown(fields: JsonObject, { rules, known }: Masks, shown: readonly boolean[]): JsonObject {
  if (!rules.some((mask, index) => shown[index] !== true && mask.fields.includes(EXTRA))) return fields;
  const names = Object.keys(fields);
  const seen = names.filter((name) => known.has(name));
  return seen.length === names.length ? fields : Object.fromEntries(seen.map((name) => [name, fields[name] ?? null]));
}

/** A name for a statement that is made of parts: the same for the same text. */
export const statementName = (prefix: string, text: string): string =>
  `${prefix}_${createHash('sha256').update(text).digest('base64url').slice(0, 16)}`;

function naming<T>(bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'FilterProblem') throw error;
    throw new SophiaError('invalid_filter', `${error.message}.`, { cause: error });
  }
}
