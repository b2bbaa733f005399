import type { FieldDefinition, FieldType, RecordTypeDefinition } from '@sophia/types';
import type { ColumnProfile } from './profile-column.ts';

const NO_VALUE = /^(?:n\/?a|#n\/a|none|null|nil|nan|unknown|tbd|[-–—?.]+)$/i;
/** Types of which such a text can be no value. */
const READ: ReadonlySet<FieldType> = new Set(['integer', 'number', 'money', 'date', 'timestamp']);

/** Texts that look like "no value", in columns of numbers, dates or a choice of values: elsewhere they may be meant. */
export function suggestNulls({ fields }: RecordTypeDefinition, columns: ReadonlyMap<string, ColumnProfile>): readonly string[] {
  const found = fields.flatMap((field) => [...(columns.get(field.name)?.counts.keys() ?? [])].filter((text) => isNoValue(field, text)));
  return [...new Set(found)];
}

const isNoValue = ({ type, values }: FieldDefinition, text: string): boolean =>
  (READ.has(type) || values?.includes(text) === false) && NO_VALUE.test(text);
