import type { FieldDefinition } from '@sophia/types';
import { distance } from 'fastest-levenshtein';
import type { ColumnProfile } from './profile-column.ts';
import { countryNames, INDUSTRIES } from './vocabulary.ts';

/** A value that looks like a misspelling of another. */
export interface RepairProposal {
  readonly wrong: string;
  readonly right: string;
  readonly count: number;
}

/** Ids of records by their type, as far as they are known: references are held against them. */
export type KnownIds = ReadonlyMap<string, readonly string[]>;

/**
 * Values of a column that are nearly, but not quite, those that are known: what the field allows, the ids of the records
 * that it refers to, names of countries and industries; else the more frequent one of two that differ only in case, spaces and signs.
 */
export function suggestRepairs(field: FieldDefinition, profile: ColumnProfile, known: KnownIds): readonly RepairProposal[] {
  if (field.type !== 'text' && field.type !== 'reference') return [];
  const right = knownValues(field, known);
  const others = right?.map((value) => ({ value, count: 0 })) ?? [...profile.counts].map(([value, count]) => ({ value, count }));
  if (others.length * profile.counts.size > MAX_COMPARISONS) return [];
  const spelt = others.map((other) => ({ ...other, letters: squashed(other.value) }));
  return [...profile.counts].flatMap(([wrong, count]) => {
    const found = right === undefined ? sameLetters(wrong, count, spelt) : nearKnown(wrong, spelt);
    return found === undefined ? [] : [{ wrong, right: found, count }];
  });
}

/** Columns of many different values are no lists of names that would be repaired one by one. */
const MAX_COMPARISONS = 1_000_000;

interface Spelt {
  readonly value: string;
  /** How often it occurs in the column. */
  readonly count: number;
  readonly letters: string;
}

function knownValues(field: FieldDefinition, known: KnownIds): readonly string[] | undefined {
  if (field.values !== undefined) return field.values;
  if (field.references !== undefined) return known.get(field.references);
  if (field.name === 'country') return countryNames();
  return field.name === 'industry' ? INDUSTRIES : undefined;
}

const squashed = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** What has the same letters, else what is a letter or two away, the more the longer it is. Case alone is no mistake. */
function nearKnown(text: string, known: readonly Spelt[]): string | undefined {
  if (known.some(({ value }) => value.toLowerCase() === text.toLowerCase())) return undefined;
  const letters = squashed(text);
  const same = known.find((each) => each.letters === letters);
  const allowed = letters.length >= 10 ? 2 : letters.length >= 6 ? 1 : 0;
  return (same ?? known.find((each) => distance(each.letters, letters) <= allowed))?.value;
}

/** Within a column only what has the same letters: other near values may well be different things. */
function sameLetters(text: string, own: number, others: readonly Spelt[]): string | undefined {
  const letters = squashed(text);
  if (letters.length < 3) return undefined;
  const isBetter = ({ value, count }: Spelt): boolean => count > own || (count === own && value < text);
  return others.find((other) => other.value !== text && other.letters === letters && isBetter(other))?.value;
}
