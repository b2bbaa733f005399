import type { Filter, RecordTypeDefinition } from '@sophia/types';
import { type BoundExpression, literal, reachedBy } from '../expression/bound-expression.ts';
import { bindFilter } from '../semantic/bind-filter.ts';
import { fieldRead, findField } from '../semantic/name-scope.ts';

/**
 * A policy's filter as a condition over the records of a type. Its fields are paths of references; a path that leads
 * nowhere is null, so what depends on it stays hidden.
 */
export function policyCondition(
  filter: Filter,
  recordType: string,
  recordTypes: ReadonlyMap<string, RecordTypeDefinition>,
): BoundExpression {
  return bindFilter(filter, (field) => readPath(field.split('.'), recordType, recordTypes));
}

function readPath(path: readonly string[], recordType: string, recordTypes: ReadonlyMap<string, RecordTypeDefinition>): BoundExpression {
  const definition = recordTypes.get(recordType);
  const [name = '', ...rest] = path;
  const field = definition === undefined ? undefined : findField(definition, name);
  if (definition === undefined || field === undefined) return literal('text', null);
  if (rest.length === 0) return fieldRead(definition, field);
  return field.references === undefined ? literal('text', null) : reachedBy([name], readPath(rest, field.references, recordTypes));
}
