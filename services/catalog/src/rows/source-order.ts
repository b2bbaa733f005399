import { isCalendarDay, parseMicros } from '@sophia/shared';

const INTEGER = /^-?\d{1,18}$/;

/**
 * The place of a source's version in its order, as an integer that fits a bigint: whole numbers
 * count as themselves, instants and days as microseconds since 1970. Null for what has no order that
 * we know (hashes, `v1.2`): such records are ordered by `occurred_at`, or as they arrive.
 */
export function sourceOrder(version: string | null): bigint | null {
  if (version === null) return null;
  if (INTEGER.test(version)) return BigInt(version);
  return parseMicros(isCalendarDay(version) ? `${version}T00:00Z` : version) ?? null;
}
