import type { RecordTypeDefinition } from '@sophia/types';
import { type BoundExpression, fieldsOf } from '../expression/bound-expression.ts';

/** The records of one type that expressions read: the base ones, or those that a path of references leads to. */
export interface ReadRecord {
  /** Reference fields from the base record; empty for itself. */
  readonly path: readonly string[];
  readonly recordType: string;
  /** Fields that are read, references to further records among them. */
  readonly fields: readonly string[];
}

/** What the expressions read, the base record first and each record behind the one that refers to it. */
export function readRecords(
  base: string,
  expressions: readonly BoundExpression[],
  recordTypes: ReadonlyMap<string, RecordTypeDefinition>,
): readonly [ReadRecord, ...ReadRecord[]] {
  const own: GrowingRecord = { path: [], recordType: base, fields: [] };
  const others = new Map<string, GrowingRecord>();
  const reach = (path: readonly string[]): GrowingRecord => {
    const reference = path[path.length - 1];
    if (reference === undefined) return own;
    const known = others.get(pathKey(path));
    if (known !== undefined) return known;
    const referring = reach(path.slice(0, -1));
    addField(referring, reference);
    const record = { path, recordType: referenced(referring.recordType, reference, recordTypes), fields: [] };
    others.set(pathKey(path), record);
    return record;
  };
  for (const expression of expressions) {
    for (const { path, field } of fieldsOf(expression)) addField(reach(path), field.name);
  }
  return [own, ...others.values()];
}

interface GrowingRecord extends ReadRecord {
  readonly fields: string[];
}

function addField({ fields }: GrowingRecord, name: string): void {
  if (!fields.includes(name)) fields.push(name);
}

const referenced = (recordType: string, field: string, recordTypes: ReadonlyMap<string, RecordTypeDefinition>): string =>
  recordTypes.get(recordType)?.fields.find(({ name }) => name === field)?.references ?? '';

export const pathKey = (path: readonly string[]): string => path.join('.');
