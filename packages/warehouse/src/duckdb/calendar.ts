import { parseMicros } from '@sophia/shared';

/** `YYYY-MM-DD` of so many days since 1970-01-01 (civil_from_days of the source named below). */
export function formatDay(days: number): string {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const m = Math.floor((5 * dayOfYear + 2) / 153);
  const month = m < 10 ? m + 3 : m - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(dayOfYear - Math.floor((153 * m + 2) / 5) + 1, 2)}`;
}

/** Days since 1970-01-01 of `YYYY-MM-DD`, or undefined if there is no such day. */
export function parseDay(text: string): number | undefined {
  return text.length === 10 ? dayAt(text) : undefined;
}

/** Microseconds since 1970 of an ISO 8601 instant, or undefined if it is none, or is finer than microseconds. */
export function parseInstant(text: string): bigint | undefined {
  if (text.length !== 20 || text.charCodeAt(10) !== 84 || text.charCodeAt(19) !== 90) {
    return TOO_FINE.test(text) ? undefined : parseMicros(text);
  }
  const days = dayAt(text);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  if (days === undefined || !(hour <= 23 && minute <= 59 && second <= 59)) return undefined;
  if (text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return undefined;
  return BigInt(days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000_000n;
}

/** Digits beyond the sixth that are not zero. */
const TOO_FINE = /[.,]\d{6}0*[1-9]/;

/** ISO 8601 in UTC, the fraction without zeros at its end, none where it is zero. */
export function formatInstant(micros: bigint): string {
  const seconds = floorDivide(micros, 1_000_000n);
  const fraction = Number(micros - seconds * 1_000_000n);
  const total = Number(seconds);
  const days = Math.floor(total / 86_400);
  const rest = total - days * 86_400;
  const time = `${formatDay(days)}T${pad(Math.floor(rest / 3_600), 2)}:${pad(Math.floor(rest / 60) % 60, 2)}:${pad(rest % 60, 2)}`;
  return fraction === 0 ? `${time}Z` : `${time}.${pad(fraction, 6).replace(/0+$/, '')}Z`;
}

const floorDivide = (dividend: bigint, divisor: bigint): bigint => {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
};

const pad = (number: number, width: number): string => String(number).padStart(width, '0');

/** The day that the text begins with; all comparisons with NaN are false, so that what is no digit ends as undefined. */
function dayAt(text: string): number | undefined {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return undefined;
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= lastDay(year, month))) return undefined;
  return daysFromCivil(year, month, day);
}

const lastDay = (year: number, month: number): number => {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
};

function digits(text: string, from: number, count: number): number {
  let number = 0;
  for (let at = from; at < from + count; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}

/**
 * Days since 1970-01-01 in the proleptic Gregorian calendar.
 * Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
 */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}
