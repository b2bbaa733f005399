import type { Clock } from './clock.ts';

/** Fills the bytes with randomness. */
export type RandomBytes = (bytes: Uint8Array) => void;

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const HALF = 2 ** 40;

/**
 * Makes ULIDs (26 characters of Crockford's base 32: 48 bits of milliseconds, 80 bits of chance):
 * unique across processes, and growing within one, also when the clock stands or goes back.
 */
export function createIdGenerator({ clock, random = fillFromPool }: { clock: Clock; random?: RandomBytes }): () => string {
  const bytes = new Uint8Array(10);
  const view = new DataView(bytes.buffer);
  let time = -1;
  let timeText = '';
  let high = 0;
  let low = 0;

  const renew = (now: number) => {
    time = now;
    timeText = encode(time, 10);
    random(bytes);
    // One bit of room, so that counting up does not overflow.
    high = (view.getUint32(0) & 0x7fff_ffff) * 256 + view.getUint8(4);
    low = view.getUint32(5) * 256 + view.getUint8(9);
  };
  return () => {
    const now = clock.now();
    if (now > time) renew(now);
    else if (++low === HALF) {
      low = 0;
      high++;
    }
    return timeText + encode(high, 8) + encode(low, 8);
  };
}

/** Whether a text is what such a generator makes. */
export const isGeneratedId = (text: string): boolean => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(text);

function encode(value: number, length: number): string {
  let text = '';
  let rest = value;
  for (let index = 0; index < length; index++) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

// A call of the system for each id would cost more than the id itself.
const pool = new Uint8Array(4_096);
let used = pool.length;
function fillFromPool(bytes: Uint8Array): void {
  if (used + bytes.length > pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  bytes.set(pool.subarray(used, used + bytes.length));
  used += bytes.length;
}
