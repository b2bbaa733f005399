import { compileDatePattern, type DatePattern } from './date-pattern.ts';

/** Units of time since 1970, by how many decimal digits behind them make a microsecond. */
const EPOCHS: Readonly<Record<string, number>> = { epoch_seconds: 6, epoch_milliseconds: 3 };
const FRACTION_DIGITS = 9;
const NUMBER = new RegExp(`^(-?\\d{1,17})(?:\\.(\\d{1,${FRACTION_DIGITS}}))?$`);
/** The first and last milliseconds of the years 1 to 9999, since 1970. */
const EARLIEST = -62_135_596_800_000;
const LATEST = 253_402_300_799_999;

/**
 * A format of a mapping: a pattern, `iso`, or the seconds or milliseconds since 1970, of which what is behind the
 * microseconds is cut off, as of every instant. Undefined where it is none.
 */
export function compileInstantFormat(format: string): DatePattern | undefined {
  const digits = Object.hasOwn(EPOCHS, format) ? EPOCHS[format] : undefined;
  if (digits === undefined) return compileDatePattern(format);
  const units = 10n ** BigInt(FRACTION_DIGITS - digits);
  const milliseconds = 10 ** (digits - 3);
  return {
    pattern: format,
    read(text) {
      const [, whole, fraction] = NUMBER.exec(text) ?? [];
      if (whole === undefined) return undefined;
      // The usual ones take a third of the time that exact arithmetic does.
      if (fraction === undefined) return toInstant(Number(whole) * milliseconds, 0n);
      const microseconds = floorDivide(BigInt(whole + fraction.padEnd(FRACTION_DIGITS, '0')), units);
      const behind = floorDivide(microseconds, 1000n);
      return toInstant(Number(behind), microseconds - behind * 1000n);
    },
  };
}

function toInstant(milliseconds: number, microseconds: bigint): string | undefined {
  if (milliseconds < EARLIEST || milliseconds > LATEST) return undefined;
  const instant = new Date(milliseconds).toISOString();
  return microseconds === 0n ? instant : `${instant.slice(0, -1)}${String(microseconds).padStart(3, '0')}Z`;
}

/** Before 1970 too, what is cut off lies behind the result. */
const floorDivide = (value: bigint, by: bigint): bigint => (value < 0n ? value - by + 1n : value) / by;
