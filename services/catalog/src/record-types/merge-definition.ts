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

/** The fields that a definition adds to a built-in type; its own may be repeated, with the same type. */
export function addedFields(
  builtin: RecordTypeDefinition,
  wanted: readonly FieldDefinition[],
): { readonly added: readonly FieldDefinition[]; readonly conflicts: readonly FieldDefinition[] } {
  const own = new Map(builtin.fields.map((field) => [field.name, field]));
  return {
    added: wanted.filter(({ name }) => !own.has(name)),
    conflicts: wanted.filter(({ name, type }) => own.has(name) && own.get(name)?.type !== type),
  };
}
