import { createHash } from 'node:crypto';
import {
  bindRecordFilter,
  bindVisibleRecords,
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
  /** `boolean[]`: for each of `masks`, whether its fields are shown in the row after all. */
  readonly shown: string;
  /** All of them text, after those that the statement has already. */
  readonly parameters: readonly string[];
  readonly masks: readonly FieldMask[];
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
  const { masks } = policy.records(recordType);
  const where = naming(() => write(bindVisibleRecords(recordType, { types, access: (name) => policy.records(name) }, filter)));
  const shown = masks.map(({ visible }) =>
    visible === undefined ? 'false' : `${naming(() => write(bindRecordFilter(visible, recordType, { types })))} is true`,
  );
  return { where, shown: `array[${shown.join(', ')}]::boolean[]`, parameters, masks };
}

/** A record's data with what the row does not show as null, also where it has no value. */
export const seenData = <Data extends JsonObject | null>(data: Data, masks: readonly FieldMask[], shown: readonly boolean[]): Data =>
  // Null stays null, an object one.
  (data === null || masks.length === 0 ? data : maskRecord(data, masks, (mask) => shown[masks.indexOf(mask)] === true)) as Data;

/** Some fields of a record, as those that a version changed, without what the row does not show. */
export const seenFields = (fields: JsonObject | null, masks: readonly FieldMask[], shown: readonly boolean[]): JsonObject | null =>
  fields === null ? null : omitMasked(fields, masks, (mask) => shown[masks.indexOf(mask)] === true);

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
