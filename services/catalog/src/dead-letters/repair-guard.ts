import { EXTRA } from '@sophia/core';
import { SophiaError } from '@sophia/shared';
import type { Call, FieldMask, Filter, IncomingRow, RecordTypeDefinition } from '@sophia/types';
import { liftableMasks } from '../access/mask-guard.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { sightOf, statementName } from '../reading/sight.ts';
import type { TypesByName } from '../record-types/record-type-book.ts';
import { type DeadLetterRow, fieldOf, isKept, type LetterPayload, unreadErrors, unseenFields } from './dead-letter-row.ts';
import type { LetterSight } from './letter-sight.ts';

export interface Repair {
  readonly letter: DeadLetterRow;
  readonly edited: Omit<IncomingRow, 'line'>;
  /** What the letter shall hold. */
  readonly repaired: LetterPayload;
  readonly sight: LetterSight;
}

/**
 * Holds that nobody lifts a mask by a repair: where the editor changes what a mask is judged by, for example a row's owner,
 * the record that the row makes must still mask for the editor what was kept without being seen. A row that makes none yet
 * could make one that does not. Errors: `forbidden`.
 */
export async function holdUnseen(context: CatalogContext, call: Call, repair: Repair): Promise<void> {
  const { letter, edited, sight } = repair;
  const unseen = unseenFields(letter.payload, edited, sight).filter((name) => fieldOf(letter.payload, name) !== null);
  if (unseen.length === 0) return;
  const lifted = await liftedFields(context, call, repair, unseen);
  if (lifted.length === 0) return;
  throw new SophiaError(
    'forbidden',
    `The role ${call.principal.role} may not repair a row of the type ${letter.record_type} so that it comes to see what is masked for it: ${lifted.join(', ')}. Set values of your own there, or leave what decides who sees them.`,
    { details: { action: 'write', object: `record:${letter.record_type}`, fields: lifted } },
  );
}

async function liftedFields(context: CatalogContext, call: Call, repair: Repair, unseen: readonly string[]): Promise<readonly string[]> {
  const { book, policy } = context;
  const { letter, repaired } = repair;
  const { record_type: recordType } = letter;
  const [resolved, types] = await Promise.all([policy.resolve(call.principal), book.types(call.principal.workspace)]);
  const access = resolved.records(recordType);
  const columnOf = columnsOf(await book.require(call.principal.workspace, recordType));
  // A row that could not be read stands whole in `extra`, which records show where nothing masks it.
  const shown = unseen.filter((name) => !access.masks.some(({ fields }) => fields.includes(columnOf(name))));
  const concerned = liftableMasks(access).filter(
    ({ fields, visible }) =>
      unseen.some((name) => fields.includes(columnOf(name))) && fieldsIn(visible).some((name) => !isKept(letter.payload, repaired, name)),
  );
  const judged = concerned.length === 0 ? [] : concerned.filter(await judge(context, call, repair, { resolved, types }));
  const lifted = judged.flatMap(({ fields }) => fields);
  return [...shown, ...unseen.filter((name) => lifted.includes(columnOf(name)))];
}

/** Where a record has what a row says under a name. */
const columnsOf =
  ({ fields }: RecordTypeDefinition) =>
  (name: string): string =>
    fields.some((field) => field.name === name) ? name : EXTRA;

/** Fields of the record itself on which the filter depends. */
function fieldsIn(filter: Filter): readonly string[] {
  if ('and' in filter) return filter.and.flatMap(fieldsIn);
  if ('or' in filter) return filter.or.flatMap(fieldsIn);
  return 'not' in filter ? fieldsIn(filter.not) : [filter.field.replace(/\..*/, '')];
}

/** Whether a mask would show its fields in the record that the repaired row makes, were it no deletion. */
async function judge(
  { database, book }: CatalogContext,
  call: Call,
  { letter, repaired }: Repair,
  { resolved, types }: { readonly resolved: Parameters<typeof sightOf>[0]['policy']; readonly types: TypesByName },
): Promise<(mask: FieldMask) => boolean> {
  const { workspace } = call.principal;
  const { record_type: recordType, source_system: sourceSystem } = letter;
  const prepare = await book.preparer(workspace, recordType);
  const row = { ...repaired, deleted: false, line: Number(letter.line), errors: unreadErrors({ ...letter, payload: repaired }) };
  const { record } = prepare(row, { recordType, sourceSystem });
  if (record === undefined) return () => true;
  const { shown, parameters, masks } = sightOf({ recordType, types: [...types.values()], policy: resolved, offset: 7 });
  const text = `${ROW_AS_RECORD} select ${shown} as shown from r`;
  const { source_id, data, business_priority, occurred_at } = record;
  const values = [workspace, recordType, sourceSystem, source_id, data, business_priority, occurred_at, ...parameters];
  const statement = { name: statementName('catalog_repair_guard', text), text };
  const [found] = await database.select<{ readonly shown: readonly boolean[] }>([workspace], statement, values);
  return (mask) => found?.shown[masks.rules.indexOf(mask)] === true;
}

/** What filters of policies read of a record. */
const ROW_AS_RECORD = `with r as (
    select $1::int as workspace, $2::text as record_type, $3::text as source_system, $4::text as source_id, $5::jsonb as data,
      $6::text as business_priority, $7::timestamptz as occurred_at, now() as created_at
  )`;
