import type { FieldDefinition } from '@sophia/types';
import { currencyCode } from './currencies.ts';
import type { ColumnProfile } from './profile-column.ts';
import type { SuggestedField } from './write-mapping.ts';

/** A column of more different values is no choice of a few. */
const MAX_VALUES = 50;

/**
 * What a column's texts stand for, where its field takes only certain values and the column writes them otherwise: in
 * other case, or currencies by name. Texts that stand for nothing known are left out.
 */
export function suggestValues(field: FieldDefinition, { counts }: ColumnProfile, isCurrency: boolean): SuggestedField['values'] {
  if (counts.size > MAX_VALUES) return undefined;
  const meaningOf = isCurrency ? currencyCode : (text: string) => allowedValue(field, text);
  const meanings = [...counts.keys()].flatMap((text) => {
    const meaning = meaningOf(text);
    return meaning === undefined ? [] : [[text, meaning] as const];
  });
  return meanings.some(([text, meaning]) => text !== meaning) ? meanings : undefined;
}

const allowedValue = ({ values = [] }: FieldDefinition, text: string): string | undefined =>
  values.find((value) => value.toLowerCase() === text.toLowerCase());
