import { bindRecordFilter, postgresCondition, type TypeAccess } from '@sophia/core';
import type { Database, Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import type { Call, NaturalKey, Transaction } from '@sophia/types';
import { statementName } from '../reading/sight.ts';
import type { RecordTypeBook } from '../record-types/record-type-book.ts';

/**
 * Holds a policy that lets a principal write only some records of a type: each must be one of them
 * both before, also where it is deleted, and after it is written. Errors: `forbidden`, and nothing is written.
 */
export type RowGuard = <T>(
  transaction: Transaction,
  call: Call,
  access: TypeAccess,
  keys: readonly NaturalKey[],
  write: () => Promise<T>,
) => Promise<T>;

export function createRowGuard(database: Database, book: RecordTypeBook): RowGuard {
  return async (transaction, call, access, keys, write) => {
    const [first] = keys;
    if (access.rows === undefined || first === undefined) return write();
    const recordType = first.record_type;
    const types = [...(await book.types(call.principal.workspace)).values()];
    const condition = postgresCondition(bindRecordFilter(access.rows, recordType, { types }), { recordType, types, alias: 'r', offset: 3 });
    const text = outsideOf(condition.text);
    const statement: Statement = { name: statementName('catalog_row_guard', text), text };
    const values = [
      recordType,
      keys.map(({ source_system }) => source_system),
      keys.map(({ source_id }) => source_id),
      ...condition.parameters,
    ];
    const check = async () => {
      const [found] = await database.query<{ readonly outside: number }>(transaction, statement, values);
      if (found?.outside === 0) return;
      throw new SophiaError(
        'forbidden',
        `The role ${call.principal.role} may write only some records of the type ${recordType}, and these are not all among them.`,
        { details: { action: 'write', object: `record:${recordType}` } },
      );
    };
    await check();
    const written = await write();
    await check();
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

const outsideOf = (condition: string): string =>
  `${LOCKED_RECORDS} select count(*)::int as outside from r where (${condition}) is not true`;
