import { BUILTIN_RECORD_TYPES, type FieldType, type RecordTypeDefinition } from '@sophia/types';
import type { SchemaProblem } from './json-schema-problem.ts';

/**
 * What a type's fields and owner name must be fields of it: a text for an amount's currency, a reference for the first
 * step to the owner. A built-in type has its own fields beside those that are added. Types that are referred to may be
 * defined later.
 */
export function linkProblems({ name, fields, owner = [] }: RecordTypeDefinition): SchemaProblem[] {
  const own = BUILTIN_RECORD_TYPES.find((type) => type.name === name)?.fields ?? [];
  const types = new Map([...fields, ...own].map((field) => [field.name, field.type]));
  const unless = (path: string, named: string, type: FieldType): SchemaProblem[] =>
    types.get(named) === type
      ? []
      : [{ code: 'invalid_record_type', path, message: `${JSON.stringify(named)} is no field of type ${type} of ${name}.` }];
  return [
    ...fields.flatMap((field) =>
      field.currency === undefined ? [] : unless(`properties.${field.name}.x-currency`, field.currency, 'text'),
    ),
    ...owner.slice(0, 1).flatMap((first) => unless('x-owner', first, 'reference')),
  ];
}
