import { formatMicros, parseMicros } from '@sophia/shared';

/** Microseconds of 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: an offset may lead beyond the years of four digits. */
const [FIRST, LAST] = [-62_135_596_800_000_000n, 253_402_300_799_999_999n];

/** The instant in UTC with six digits, so that the order of texts is theirs; undefined where it is none that PostgreSQL takes. */
export function parseInstant(text: string): string | undefined {
  const micros = parseMicros(text);
  return micros === undefined || micros < FIRST || micros > LAST ? undefined : formatMicros(micros);
}
