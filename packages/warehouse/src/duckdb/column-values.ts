import { parseDay, parseInstant } from './calendar.ts';

const INT64_LIMIT = 2n ** 63n;
/** Digits of DECIMAL(18, 4) before and behind the point. */
const MONEY_WHOLE = 14;
const MONEY_SCALE = 4;

// Each takes a canonical JSON value of a field type and gives it as a vector of DuckDB holds it, or undefined where
// that cannot be done exactly.

export const toText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const toNumber = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

export const toBoolean = (value: unknown): number | undefined => (typeof value === 'boolean' ? Number(value) : undefined);

export const toInt32 = (value: unknown): number | undefined => (typeof value === 'number' && (value | 0) === value ? value : undefined);

export function toInt64(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) return undefined;
  const integer = BigInt(value);
  return integer < INT64_LIMIT && integer >= -INT64_LIMIT ? integer : undefined;
}

/** Days since 1970-01-01. */
export const toDate = (value: unknown): number | undefined => (typeof value === 'string' ? parseDay(value) : undefined);

/** Microseconds since 1970, of an instant in text or of themselves. */
export function toTimestamp(value: unknown): bigint | undefined {
  if (typeof value !== 'string') return typeof value === 'bigint' ? value : undefined;
  if (value !== last.text) last = { text: value, micros: parseInstant(value) };
  return last.micros;
}

/** Rows of one transaction were made at one instant: it is read once. */
let last: { readonly text: string; readonly micros: bigint | undefined } = { text: '', micros: undefined };

export const toTextList = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;

/** Ten-thousandths of a decimal string. Written without regular expressions: each row of a load has some. */
export function toMoney(value: unknown): bigint | undefined {
  if (typeof value !== 'string') return undefined;
  const isNegative = value.charCodeAt(0) === 45;
  let number = 0;
  let whole = 0;
  let fraction = -1;
  for (let at = isNegative ? 1 : 0; at < value.length; at++) {
    const digit = value.charCodeAt(at) - 48;
    if (digit === POINT && fraction === -1) {
      fraction = 0;
      continue;
    }
    if (!(digit >= 0 && digit <= 9)) return undefined;
    number = number * 10 + digit;
    if (fraction === -1) whole++;
    else fraction++;
  }
  if (whole === 0 || whole > MONEY_WHOLE || fraction === 0 || fraction > MONEY_SCALE) return undefined;
  const zeros = MONEY_SCALE - Math.max(fraction, 0);
  const scaled = number * 10 ** zeros;
  if (Number.isSafeInteger(scaled)) return BigInt(isNegative ? -scaled : scaled);
  return BigInt(value.replace('.', '')) * 10n ** BigInt(zeros);
}

/** `.` as `0` would count. */
const POINT = -2;
