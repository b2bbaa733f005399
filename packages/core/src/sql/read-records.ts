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
): readonly ReadRecord[] {
  const records = new Map<string, ReadRecord & { readonly fields: string[] }>();
  const reach = (path: readonly string[]): string[] => {
    const known = records.get(pathKey(path));
    if (known !== undefined) return known.fields;
    const record = { path, recordType: base, fields: [] as string[] };
    const reference = path[path.length - 1];
    if (reference !== undefined) {
      const fields = reach(path.slice(0, -1));
      if (!fields.includes(reference)) fields.push(reference);
      record.recordType = referenced(records.get(pathKey(path.slice(0, -1)))?.recordType, reference, recordTypes);
    }
    records.set(pathKey(path), record);
    return record.fields;
  };
  reach([]);
  for (const expression of expressions) {
    for (const { path, field } of fieldsOf(expression)) {
      const fields = reach(path);
      if (!fields.includes(field.name)) fields.push(field.name);
    }
  }
  return [...records.values()];
}

function referenced(recordType: string | undefined, field: string, recordTypes: ReadonlyMap<string, RecordTypeDefinition>): string {
  const definition = recordType === undefined ? undefined : recordTypes.get(recordType);
  return definition?.fields.find(({ name }) => name === field)?.references ?? '';
}

export const pathKey = (path: readonly string[]): string => path.join('.');
