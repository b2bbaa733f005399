import type { ResolvedPolicy } from '@sophia/core';
import type { TypesByName } from '../record-types/record-type-book.ts';

/** May do this with records of some type, one by one, whichever it turns out to be. */
export const maySome = (resolved: ResolvedPolicy, types: TypesByName, action: 'read' | 'write'): boolean =>
  [...types.keys()].some((name) => resolved.records(name, action).access === 'records');

/**
 * May see what happens to records without being of one, as imports and changes of types: who reads or writes some, or
 * administers. Whoever is shown aggregates alone is not told what they are made of.
 */
export const seesComing = (resolved: ResolvedPolicy, types: TypesByName): boolean =>
  maySome(resolved, types, 'read') || maySome(resolved, types, 'write') || resolved.can('administer');
