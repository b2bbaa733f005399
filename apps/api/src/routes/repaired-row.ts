import { SophiaError } from '@sophia/shared';
import type { IncomingRow, JsonObject } from '@sophia/types';
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
      'also where the type has a field of the name `fields`, or the row had one. A field that is left out is empty.',
  },
);

/** Where a name is a field's; asked only where the shape of a repair depends on it. */
export interface KnownFields {
  ofType(name: string): Promise<boolean>;
  /** Of the rejected row, which may have what its type does not know. */
  ofRow(name: string): Promise<boolean>;
}

/**
 * The row of a repair, which may have the shape that dead letters show or that of rows as they are written. Errors:
 * `invalid_request` where fields stand in both places, since those of one would be lost.
 */
export async function readRepairedRow(body: Readonly<Record<string, unknown>>, known: KnownFields): Promise<Omit<IncomingRow, 'line'>> {
  const { line: _line, ...flat } = toRow(body, 0);
  const { fields, ...beside } = flat.fields;
  if (!isObject(fields) || (await known.ofType('fields'))) return flat;
  const stray = Object.keys(beside).filter((name) => !Object.hasOwn(SHOWN, name));
  if (stray.length === 0) return { ...flat, fields };
  if (await known.ofRow('fields')) return flat;
  throw new SophiaError('invalid_request', `Fields stand both under "fields" and beside it: ${stray.join(', ')}. Put all under "fields".`);
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
