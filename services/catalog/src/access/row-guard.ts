import { bindRecordFilter, postgresCondition } from '@sophia/core';
import type { Database, Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import type { Call, Filter, NaturalKey, RecordId, RecordTypeDefinition, Transaction } from '@sophia/types';
import { statementName } from '../reading/sight.ts';
import type { RecordTypeBook } from '../record-types/record-type-book.ts';
import { holdNewcomers, keyValues } from './newcomers.ts';
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
    const wanted = keyValues(recordType, keys);
    const check = async (...allowed: readonly Filter[]): Promise<readonly RecordId[]> => {
      const { statement, parameters } = countOutside({ and: allowed }, recordType, types);
      const [found] = await database.query<Found>(transaction, statement, [...wanted, ...parameters]);
      if (found?.outside === 0) return found.ids;
      throw new SophiaError(
        'forbidden',
        `The role ${call.principal.role} may write only some records of the type ${recordType}, and these are not all among them.`,
        { details: { action: 'write', object: `record:${recordType}` } },
      );
    };
    const known = await check(...[rows, readable].filter((filter) => filter !== undefined));
    const written = await write();
    await holdNewcomers(database, transaction, wanted, known);
    if (rows !== undefined) await check(rows);
    return written;
  };
}

interface Found {
  readonly ids: readonly RecordId[];
  readonly outside: number;
}

/** The records with the keys of `KeyValues`, as `r`. Locks them in the order of their keys, like every writer. */
export const LOCKED_RECORDS = `
  with r as (
    select * from record
    where record_type = $1 and (source_system, source_id) in (select * from unnest($2::text[], $3::text[]))
    order by workspace, record_type, source_system, source_id for update
  )`;

/**
 * Whether `r` has a state that could be judged. A deleted record counts as its last one, which its history still tells; an
 * erased record has none, nor one whose deletion came before it.
 */
export const HAS_STATE = `(r.version > 0 and r.last_change <> 'e')`;

function countOutside(
  allowed: Filter,
  recordType: string,
  types: readonly RecordTypeDefinition[],
): { readonly statement: Statement; readonly parameters: readonly string[] } {
  const condition = bindRecordFilter(allowed, recordType, { types });
  const { text: within, parameters } = postgresCondition(condition, { recordType, types, alias: 'r', offset: 3 });
  const text = `${LOCKED_RECORDS}
    select coalesce(array_agg(id), '{}') as ids, (count(*) filter (where ${HAS_STATE} and (${within}) is not true))::int as outside from r`;
  return { statement: { name: statementName('catalog_row_guard', text), text }, parameters };
}
