import { compileDatePattern, type DatePattern } from './date-pattern.ts';

const EPOCHS: Readonly<Record<string, number>> = { epoch_seconds: 1000, epoch_milliseconds: 1 };
const NUMBER = /^-?\d{1,17}(?:\.\d{1,9})?$/;
/** The years 1 to 9999, in milliseconds since 1970. */
const EARLIEST = -62_135_596_800_000;
const LATEST = 253_402_300_799_999;

/**
 * A format of a mapping: a pattern, `iso`, or the seconds or milliseconds since 1970. Undefined where it is none.
 */
export function compileInstantFormat(format: string): DatePattern | undefined {
  const milliseconds = Object.hasOwn(EPOCHS, format) ? EPOCHS[format] : undefined;
  if (milliseconds === undefined) return compileDatePattern(format);
  return {
    pattern: format,
    read(text) {
      const instant = NUMBER.test(text) ? Math.round(Number(text) * milliseconds) : Number.NaN;
      return instant >= EARLIEST && instant <= LATEST ? new Date(instant).toISOString() : undefined;
    },
  };
}
