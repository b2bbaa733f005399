import { isUtf8 } from 'node:buffer';
import { SophiaError } from '@sophia/shared';
import { analyse } from 'chardet';
import iconv from 'iconv-lite';

export interface Encoding {
  /** IANA name in lower case, for example `utf-8`. */
  readonly name: string;
  /** Whether it was told or can be told from the bytes; where not, people should look at the text that comes out. */
  readonly certain: boolean;
  readonly reason: 'set' | 'byte_order_mark' | 'valid_utf8' | 'zero_bytes' | 'statistics';
  /** Other encodings that are likely, the likeliest first; one can be set. */
  readonly alternatives: readonly string[];
}

/** How much of the beginning is looked at. */
export const ENCODING_SAMPLE_BYTES = 256 * 1024;
/** The statistics look at less: they are slow and see no more in more. */
const STATISTICS_BYTES = 16 * 1024;

/**
 * Statistics over fewer different bytes beyond ASCII than this are chance: "naïve café" alone looks Romanian. Texts that
 * have so few are western, therefore windows-1252, far more often than anything else. Of lists of 2 to 20 western names
 * 98 to 100 in 100 are then read right; lists of 20 Polish or Russian names are found out as often as without the rule.
 */
const TELLING_BYTES = 5;

/** UTF-32 first: its mark begins like that of UTF-16. */
const MARKS: readonly (readonly [name: string, mark: Buffer])[] = [
  ['utf-32le', Buffer.from([0xff, 0xfe, 0, 0])],
  ['utf-32be', Buffer.from([0, 0, 0xfe, 0xff])],
  ['utf-8', Buffer.from([0xef, 0xbb, 0xbf])],
  ['utf-16le', Buffer.from([0xff, 0xfe])],
  ['utf-16be', Buffer.from([0xfe, 0xff])],
];

/** An encoding by its name. Errors: `unknown_encoding`. */
export function namedEncoding(name: string): Encoding {
  if (!iconv.encodingExists(name)) {
    throw new SophiaError('unknown_encoding', `The encoding ${JSON.stringify(name)} is not known; utf-8, utf-16le and windows-1252 are.`);
  }
  return { name: canonicalName(name), certain: true, reason: 'set', alternatives: [] };
}

/** Shifts of ISO-2022 to two bytes a character, and to katakana of one. It is written in seven bits, so that it would pass for UTF-8. */
const SHIFTS = ['\x1b$', '\x1b(I'];

/** Errors: `unknown_encoding` where a part of a text that passes for UTF-8 is ISO-2022, as mails from Japan and Korea were. */
export function refuseShifts(part: Buffer): void {
  if (SHIFTS.some((shift) => part.includes(shift))) {
    throw new SophiaError(
      'unknown_encoding',
      'The text looks like ISO-2022-JP or -KR, which is not read: convert it to UTF-8, as iconv does.',
    );
  }
}

/**
 * The encoding of a text by its first bytes: its mark, valid UTF-8, the zero bytes of UTF-16, else statistics over letters.
 * Errors: `unknown_encoding`.
 */
export function detectEncoding(sample: Buffer): Encoding {
  const marked = markedEncoding(sample);
  if (marked !== undefined) return { name: marked, certain: true, reason: 'byte_order_mark', alternatives: [] };
  const wide = detectZeroBytes(sample);
  if (wide !== undefined) return { name: wide, certain: false, reason: 'zero_bytes', alternatives: [] };
  refuseShifts(sample);
  if (isUtf8(withoutCutCharacter(sample))) return { name: 'utf-8', certain: true, reason: 'valid_utf8', alternatives: [] };
  return detectByStatistics(sample.subarray(0, STATISTICS_BYTES), sample);
}

/** The name of the encoding whose mark a text begins with. Four bytes of it are enough. */
export const markedEncoding = (sample: Buffer): string | undefined =>
  MARKS.find(([, mark]) => sample.subarray(0, mark.length).equals(mark))?.[0];

/** Text of mostly western letters has a zero in every second byte of UTF-16. */
function detectZeroBytes(sample: Buffer): string | undefined {
  const pairs = Math.floor(Math.min(sample.length, 4096) / 2);
  let high = 0;
  let low = 0;
  for (let at = 0; at < pairs * 2; at += 2) {
    if (sample[at] === 0) high += 1;
    if (sample[at + 1] === 0) low += 1;
  }
  if (pairs < 2 || Math.max(high, low) < pairs * 0.3 || Math.min(high, low) > pairs * 0.02) return undefined;
  return high > low ? 'utf-16be' : 'utf-16le';
}

/** A sample may end within a character: its last, incomplete one is left out (RFC 3629). */
function withoutCutCharacter(sample: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, sample.length); back += 1) {
    const byte = sample.readUInt8(sample.length - back);
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? sample.subarray(0, sample.length - back) : sample;
    if (byte < 0x80) return sample;
  }
  return sample;
}

function detectByStatistics(sample: Buffer, whole: Buffer): Encoding {
  const telling = firstForeign(whole, sample.length);
  const names = analyse(telling)
    .map((match) => canonicalName(match.name))
    .filter((name) => iconv.encodingExists(name));
  const isChance = new Set(telling.filter((byte) => byte >= 0x80)).size < TELLING_BYTES;
  const likely = [...new Set([...(isMostlyUtf8(whole) ? ['utf-8'] : []), ...(isChance ? ['windows-1252'] : []), ...names])];
  const [name = 'windows-1252', ...alternatives] = likely;
  return { name, certain: false, reason: 'statistics', alternatives: alternatives.slice(0, 3) };
}

/** The part of the sample that has something to tell: from shortly before its first byte beyond ASCII. */
function firstForeign(sample: Buffer, length: number): Buffer {
  const foreign = sample.findIndex((byte) => byte >= 0x80);
  const from = Math.max(0, foreign - 1024);
  return sample.subarray(from, from + length);
}

/** A few broken characters among many good ones: UTF-8 with broken rows, which are reported one by one. */
function isMostlyUtf8(sample: Buffer): boolean {
  const text = sample.toString('utf8');
  let broken = 0;
  let good = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0xfffd) broken += 1;
    else if (code > 0x7f) good += 1;
  }
  return good > broken * 4;
}

/** What calls itself ISO 8859-1 is windows-1252 in practice, which has printable characters in the place of control codes. */
function canonicalName(name: string): string {
  const lower = name.toLowerCase().replaceAll('_', '-');
  if (lower === 'utf8' || lower === 'ascii' || lower === 'us-ascii') return 'utf-8';
  return lower === 'iso-8859-1' || lower === 'latin1' ? 'windows-1252' : lower;
}
