const INSTANT = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|z|[+-]\d{2}(?::?\d{2})?)$/;
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Microseconds since 1970 as ISO 8601 in UTC with six digits: `2026-11-20T09:30:00.000001Z`. */
export function formatMicros(micros: bigint): string {
  let milliseconds = micros / 1_000n;
  let rest = micros % 1_000n;
  if (rest < 0n) {
    rest += 1_000n;
    milliseconds -= 1n;
  }
  const iso = new Date(Number(milliseconds)).toISOString();
  return `${iso.slice(0, -1)}${rest.toString().padStart(3, '0')}Z`;
}

/** Microseconds since 1970 of an ISO 8601 instant with an offset (digits beyond the sixth are cut), or undefined if it is none. */
export function parseMicros(text: string): bigint | undefined {
  const parts = INSTANT.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second = '00', fraction = '', offset = 'Z'] = parts;
  if (!isCalendarDay(`${year}-${month}-${day}`) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const offsetMinutes = parseOffset(offset);
  if (offsetMinutes === undefined) return undefined;
  const milliseconds = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) - offsetMinutes * 60_000;
  return BigInt(milliseconds) * 1_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
}

/** Whether the text is `YYYY-MM-DD` of a day that exists. */
export function isCalendarDay(text: string): boolean {
  const parts = DAY.exec(text);
  if (parts === null) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(parts[3]);
}

/** Whether the text names a time zone of the IANA database. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function parseOffset(offset: string): number | undefined {
  if (offset === 'Z' || offset === 'z') return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return undefined;
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
