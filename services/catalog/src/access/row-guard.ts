import { bindRecordFilter, postgresCondition } from '@sophia/core';
import type { Database, Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import type { Call, Filter, NaturalKey, RecordTypeDefinition, Transaction } from '@sophia/types';
import { statementName } from '../reading/sight.ts';
import type { RecordTypeBook } from '../record-types/record-type-book.ts';
import type { WriteAccess } from './write-access.ts';

/**
 * Holds a policy that lets a principal write only some records of a type, or read only some: each must be one of the first
 * both before, also where it is deleted, and after it is written, and one of the others before. Errors: `forbidden`, and
 * nothing is written.
 */
export type RowGuard = <T>(
  transaction: Transaction,
  call: Call,
  access: WriteAccess,
  keys: readonly NaturalKey[],
  write: () => Promise<T>,
) => Promise<T>;

export function createRowGuard(database: Database, book: RecordTypeBook): RowGuard {
  return async (transaction, call, access, keys, write) => {
    const [first] = keys;
    const { rows, readable } = access;
    if ((rows === undefined && readable === undefined) || first === undefined) return write();
    const recordType = first.record_type;
    const types = [...(await book.types(call.principal.workspace)).values()];
    const check = async (...allowed: readonly (Filter | undefined)[]) => {
      const filters = allowed.filter((filter) => filter !== undefined);
      if (filters.length === 0) return;
      const { statement, parameters } = countOutside({ and: filters }, recordType, types);
      const values = [recordType, keys.map(({ source_system }) => source_system), keys.map(({ source_id }) => source_id), ...parameters];
      const [found] = await database.query<{ readonly outside: number }>(transaction, statement, values);
      if (found?.outside === 0) return;
      throw new SophiaError(
        'forbidden',
        `The role ${call.principal.role} may write only some records of the type ${recordType}, and these are not all among them.`,
        { details: { action: 'write', object: `record:${recordType}` } },
      );
    };
    await check(rows, readable);
    const written = await write();
    await check(rows);
    return written;
  };
}

/**
 * The records of the type $1 with the keys $2 (systems) and $3 (ids), as `r`. Locks them in the order of their keys, like every writer. A deleted record counts as its last state, which its
 * history still tells; an erased one has none, nor one whose deletion came before it.
 */
export const LOCKED_RECORDS = `
  with r as (
    select * from record
    where record_type = $1 and version > 0 and last_change <> 'e'
      and (source_system, source_id) in (select * from unnest($2::text[], $3::text[]))
    order by workspace, record_type, source_system, source_id for update
  )`;

function countOutside(
  allowed: Filter,
  recordType: string,
  types: readonly RecordTypeDefinition[],
): { readonly statement: Statement; readonly parameters: readonly string[] } {
  const condition = bindRecordFilter(allowed, recordType, { types });
  const { text: within, parameters } = postgresCondition(condition, { recordType, types, alias: 'r', offset: 3 });
  const text = `${LOCKED_RECORDS} select count(*)::int as outside from r where (${within}) is not true`;
  return { statement: { name: statementName('catalog_row_guard', text), text }, parameters };
}
