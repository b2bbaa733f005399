import type { FieldDefinition, FieldType, RecordTypeDefinition } from '@sophia/types';

type Definition = Pick<RecordTypeDefinition, 'description' | 'fields' | 'owner'>;

/**
 * A stored definition that takes what another takes too. No field is dropped, and a field that both have is of the more
 * general type, so that sources which differ do not undo each other. What else was said of it before stays.
 */
export const uniteDefinitions = (stored: Definition, other: Definition): Definition => {
  const wanted = new Map(other.fields.map((field) => [field.name, field]));
  const known = new Set(stored.fields.map(({ name }) => name));
  const currencies = new Set(stored.fields.map(({ currency }) => currency));
  const isByHand = ({ name, type }: FieldDefinition): boolean => BY_HAND.has(type) || currencies.has(name);
  return {
    ...stored,
    fields: [
      ...stored.fields.map((field) => (isByHand(field) ? field : widened(field, wanted.get(field.name)))),
      ...other.fields.filter(({ name }) => !known.has(name)),
    ],
  };
};

/** Schemas of taps know neither these nor the field that an amount's currency stands in: who made them so meant it. */
const BY_HAND: ReadonlySet<FieldType> = new Set(['money', 'reference']);

/** The next more general type of each. */
const WIDER: Readonly<Record<FieldType, FieldType>> = {
  integer: 'number',
  number: 'text',
  date: 'text',
  timestamp: 'text',
  money: 'text',
  reference: 'json',
  text: 'json',
  boolean: 'json',
  text_list: 'json',
  json: 'json',
};

const lineOf = (type: FieldType): readonly FieldType[] => (type === 'json' ? ['json'] : [type, ...lineOf(WIDER[type])]);

/** The narrowest type that takes the values of both. */
const moreGeneral = (one: FieldType, other: FieldType): FieldType => (lineOf(other).includes(one) ? one : moreGeneral(WIDER[one], other));

function widened(field: FieldDefinition, other: FieldDefinition | undefined): FieldDefinition {
  if (other === undefined) return field;
  const type = moreGeneral(field.type, other.type);
  if (type === field.type) return field;
  // Bounds are of the type before.
  const { values: _values, maxLength: _maxLength, minimum: _minimum, maximum: _maximum, ...kept } = field;
  return { ...kept, type };
}
