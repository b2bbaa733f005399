import type { ResolvedPolicy, TypeAccess } from '@sophia/core';
import type { Filter } from '@sophia/types';

/** What a principal may do to the records of a type that it names by their keys. */
export interface WriteAccess extends TypeAccess {
  /** A record that is there must be one of these before it is written: who may not read it learns nothing of it, and changes nothing. */
  readonly readable?: Filter | undefined;
}

/** The access to write, and the rows that may be read where that is not all. Who may read no record of the type at all writes blindly. */
export function writeAccess(policy: ResolvedPolicy, recordType: string): WriteAccess {
  const access = policy.records(recordType, 'write');
  const { access: reads, rows } = policy.records(recordType);
  return reads === 'records' && rows !== undefined ? { ...access, readable: rows } : access;
}
