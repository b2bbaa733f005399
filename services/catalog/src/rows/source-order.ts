import { isCalendarDay, parseMicros } from '@sophia/shared';

/** Tables and spreadsheets write whole numbers as `2.0`. */
const INTEGER = /^([+-]?\d+)(?:\.0+)?$/;
const BIGINT_LIMIT = 2n ** 63n;

/**
 * The place of a source's version in its order, as an integer that fits a bigint: whole numbers
 * count as themselves, instants and days as microseconds since 1970, in UTC where they have no offset.
 * Null for what has no order that we know (hashes, `v1.2`): such records are ordered by `occurred_at`,
 * or as they arrive.
 */
export function sourceOrder(version: string | null): bigint | null {
  if (version === null) return null;
  const digits = INTEGER.exec(version)?.[1];
  if (digits !== undefined) return withinBigint(BigInt(digits));
  const time = isCalendarDay(version) ? `${version}T00:00` : version;
  return parseMicros(time) ?? parseMicros(`${time}Z`) ?? null;
}

const withinBigint = (integer: bigint): bigint | null => (integer >= -BIGINT_LIMIT && integer < BIGINT_LIMIT ? integer : null);
