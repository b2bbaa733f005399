import type { FieldDefinition, RecordTypeDefinition } from '@sophia/types';

/** A built-in type with the fields that a workspace added. */
export const withAddedFields = (
  builtin: RecordTypeDefinition,
  added: readonly FieldDefinition[],
  revision: number,
): RecordTypeDefinition => ({
  ...builtin,
  fields: [...builtin.fields, ...added.filter(({ name }) => !builtin.fields.some((field) => field.name === name))],
  revision,
});

/** What whoever asks for it relies on: who sees the field, and what it takes or means. */
const KEPT = ['type', 'values', 'references', 'currency', 'contact', 'identifying'] as const;

/** The fields that a definition adds to a built-in type; its own may be repeated, with nothing that they are not. */
export function addedFields(
  builtin: RecordTypeDefinition,
  wanted: readonly FieldDefinition[],
): { readonly added: readonly FieldDefinition[]; readonly conflicts: readonly FieldDefinition[] } {
  const own = new Map(builtin.fields.map((field) => [field.name, field]));
  return {
    added: wanted.filter(({ name }) => !own.has(name)),
    conflicts: wanted.filter((field) => contradicts(own.get(field.name), field)),
  };
}

const contradicts = (own: FieldDefinition | undefined, wanted: FieldDefinition): boolean =>
  own !== undefined && KEPT.some((key) => wanted[key] !== undefined && JSON.stringify(wanted[key]) !== JSON.stringify(own[key]));
