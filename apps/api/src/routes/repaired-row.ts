import { isJsonObject, SophiaError } from '@sophia/shared';
import type { IncomingRow } from '@sophia/types';
import Type from 'typebox';
import { toRow } from '../to-row.ts';

/** A row as a dead letter shows it: its fields apart from what every row has. */
const SHOWN = {
  source_id: Type.Optional(Type.Unknown()),
  occurred_at: Type.Optional(Type.Unknown()),
  source_version: Type.Optional(Type.Unknown()),
  business_priority: Type.Optional(Type.Unknown()),
  deleted: Type.Optional(Type.Unknown()),
  original: Type.Optional(Type.Unknown({ description: 'Raw values of what a mapping repaired; shown only, kept as they are' })),
};
const Fields = { description: 'Values by field', examples: [{ amount: '1054.50', close_date: '2017-03-01' }] };

export const ShownRowSchema = Type.Object(
  { ...SHOWN, fields: Type.Record(Type.String(), Type.Unknown(), Fields) },
  { title: 'RejectedRow', examples: [{ source_id: 'D-1', fields: { amount: '1.054,50', close_date: '2017-03-01' } }] },
);

export const RepairSchema = Type.Object(
  { ...SHOWN, fields: Type.Optional(Type.Unknown(Fields)) },
  {
    title: 'RepairedRow',
    additionalProperties: true,
    description:
      'The whole row as the dead letter shows it, its fields under `fields`; or with its fields at the top level, as rows are written, ' +
      'also where the row had one of the name `fields`. Where the type has a field of that name, all that the dead letter shows stands under ' +
      '`fields`, or at least one field beside it. A field that is left out is empty.',
  },
);

/** Names of fields; asked for only where the shape of a repair depends on them. */
export interface KnownFields {
  ofType(): Promise<readonly string[]>;
  /** Of the rejected row, which may have what its type does not know. */
  ofRow(): Promise<readonly string[]>;
}

/**
 * The row of a repair, which may have the shape that dead letters show or that of rows as they are written. Errors:
 * `invalid_request` where fields stand in both places, since those of one would be lost, and where it may be either shape.
 */
export async function readRepairedRow(body: Readonly<Record<string, unknown>>, known: KnownFields): Promise<Omit<IncomingRow, 'line'>> {
  const { line: _line, ...flat } = toRow(body, 0);
  const { fields, ...beside } = flat.fields;
  if (!isJsonObject(fields)) return flat;
  const stray = Object.keys(beside).filter((name) => !Object.hasOwn(SHOWN, name));
  const ofType = await known.ofType();
  if (ofType.includes('fields')) {
    return stray.length > 0 || !isShown(Object.keys(fields), ofType, await known.ofRow()) ? flat : { ...flat, fields };
  }
  if (stray.length === 0) return { ...flat, fields };
  if ((await known.ofRow()).includes('fields')) return flat;
  throw new SophiaError('invalid_request', `Fields stand both under "fields" and beside it: ${stray.join(', ')}. Put all under "fields".`);
}

/** Whether names below `fields`, which is a field of the type as well, are those of the row. Errors: `invalid_request`. */
function isShown(names: readonly string[], ofType: readonly string[], ofRow: readonly string[]): boolean {
  if (ofRow.length > 0 && ofRow.every((name) => names.includes(name))) return true;
  const either = names.filter((name) => ofRow.includes(name) || ofType.includes(name));
  if (either.length === 0) return false;
  throw new SophiaError(
    'invalid_request',
    `The type has a field "fields": ${either.join(', ')} below it may be of the row or of that field. Send there all that the dead letter shows, ` +
      'null for what is empty, or send the fields of the row at its top level, one at least beside "fields".',
  );
}
