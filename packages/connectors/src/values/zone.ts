/** Turns a local time of a zone into UTC. */
export type ZoneReader = (local: string) => string | undefined;

const LOCAL = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}:\d{2})(\.\d+)?)?$/;
const DAY = 86_400_000;
const MINUTE = 60_000;
/** Minutes whose offset is kept; a file's times are near one another. */
const MAX_KEPT = 10_000;

export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false; // Which is the answer.
  }
}

/**
 * Compiles an IANA zone into the function that gives `2017-03-01T12:30:00` (or a day: its midnight) of that zone as
 * `2017-03-01T11:30:00Z`, and undefined for what is no local time. Times that a clock change leaves out are moved on by
 * it, of those that it repeats the first is meant (RFC 5545 and Temporal's "compatible").
 */
export function compileZone(name: string): ZoneReader {
  const offsetAt = createOffsets(name);
  const kept = new Map<number, number>();
  const offsetOfLocal = (local: number): number => {
    const minute = Math.floor(local / MINUTE);
    let offset = kept.get(minute);
    if (offset === undefined) {
      offset = resolveOffset(local, offsetAt);
      if (kept.size >= MAX_KEPT) kept.clear();
      kept.set(minute, offset);
    }
    return offset;
  };
  return (text) => {
    const [whole, day, time = '00:00:00', fraction = ''] = LOCAL.exec(text) ?? [];
    const local = whole === undefined ? Number.NaN : Date.parse(`${day}T${time}Z`);
    if (Number.isNaN(local)) return undefined;
    return `${new Date(local - offsetOfLocal(local)).toISOString().slice(0, -5)}${fraction}Z`;
  };
}

function resolveOffset(local: number, offsetAt: (instant: number) => number): number {
  const before = offsetAt(local - DAY);
  const after = offsetAt(local + DAY);
  if (before === after || offsetAt(local - before) === before) return before;
  return offsetAt(local - after) === after ? after : before;
}

/** Milliseconds east of UTC at an instant. */
function createOffsets(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    era: 'narrow',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const parts: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(instant)) parts[type] = value;
    const year = parts.era === 'B' ? 1 - Number(parts.year) : Number(parts.year);
    const date = new Date(0);
    date.setUTCFullYear(year, Number(parts.month) - 1, Number(parts.day));
    date.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second));
    return date.getTime() - Math.floor(instant / 1000) * 1000;
  };
}
