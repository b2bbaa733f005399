import type { TypeAccess } from '@sophia/core';
import type { Database, Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import type { FieldMask, Filter, RecordId, RecordTypeDefinition } from '@sophia/types';
import { statementName } from '../reading/sight.ts';
import type { RecordTypeBook } from '../record-types/record-type-book.ts';
import { holdNewcomers, keyValues } from './newcomers.ts';
import { HAS_STATE, LOCKED_RECORDS, type RowGuard } from './row-guard.ts';
import { shownBy } from './shown-by.ts';

/**
 * Holds that nobody lifts a mask by a write: what a record hid from the principal before it is written, also where it is
 * deleted, it hides afterwards, whatever the mask is judged by. Errors: `forbidden`, and nothing is written. Where anything is
 * masked, also in every row, all records that the write touches were looked at before: see `unseen-values.ts`.
 */
export function createMaskGuard(database: Database, book: RecordTypeBook): RowGuard {
  return async (transaction, call, access, keys, write) => {
    const [first] = keys;
    if (access.masks.length === 0 || first === undefined) return write();
    const masks = liftableMasks(access);
    const recordType = first.record_type;
    const types = [...(await book.types(call.principal.workspace)).values()];
    const { statement, parameters } = whatIsShown(masks, recordType, types);
    const wanted = keyValues(recordType, keys);
    const look = () => database.query<ShownRecord>(transaction, statement, [...wanted, ...parameters]);
    const before = await look();
    const written = await write();
    await holdNewcomers(
      database,
      transaction,
      wanted,
      before.map(({ id }) => id),
    );
    // A record that is new hid nothing, and most that are written show all of theirs.
    if (!before.some(({ shown }) => shown.includes(false))) return written;
    const lifted = liftedFields(masks, before, await look());
    if (lifted.length === 0) return written;
    throw new SophiaError(
      'forbidden',
      `The role ${call.principal.role} may not write a record of the type ${recordType} so that it comes to see what is masked for it: ${lifted.join(', ')}.`,
      { details: { action: 'write', object: `record:${recordType}`, fields: lifted } },
    );
  };
}

type LiftableMask = FieldMask & { readonly visible: Filter };

/** Masks that hold in some rows: a write may make a record one of the others. */
export const liftableMasks = ({ masks }: TypeAccess): LiftableMask[] =>
  masks.filter((mask): mask is LiftableMask => mask.visible !== undefined);

interface ShownRecord {
  readonly id: RecordId;
  /** For each mask, whether its fields are shown after all, or there are none. */
  readonly shown: readonly boolean[];
}

function whatIsShown(
  masks: readonly LiftableMask[],
  recordType: string,
  types: readonly RecordTypeDefinition[],
): { readonly statement: Statement; readonly parameters: readonly string[] } {
  const { conditions, parameters } = shownBy(masks, { recordType, types, offset: 3 });
  const shown = conditions.map((condition) => `not ${HAS_STATE} or ${condition}`);
  const text = `${LOCKED_RECORDS} select id, array[${shown.join(', ')}]::boolean[] as shown from r`;
  return { statement: { name: statementName('catalog_mask_guard', text), text }, parameters };
}

function liftedFields(masks: readonly FieldMask[], before: readonly ShownRecord[], after: readonly ShownRecord[]): string[] {
  const earlier = new Map(before.map(({ id, shown }) => [id, shown]));
  return masks
    .filter((_, index) => after.some(({ id, shown }) => shown[index] === true && earlier.get(id)?.[index] === false))
    .flatMap(({ fields }) => fields);
}
