import { detectEncoding, ENCODING_SAMPLE_BYTES, type Encoding, namedEncoding, refuseShifts } from './detect-encoding.ts';
import { hasBareReturns, withLineFeeds } from './line-feeds.ts';
import { type Peekable, peekable } from './peekable.ts';
import { toUtf8 } from './to-utf8.ts';

export interface OpenedText {
  /** UTF-8 with line feeds, without a byte order mark. */
  readonly content: Peekable;
  /** The beginning as text: whole lines, unless it has none. */
  readonly sample: string;
  readonly encoding: Encoding;
}

const SAMPLE_BYTES = 64 * 1024;
const UTF8: Encoding = { name: 'utf-8', certain: true, reason: 'set', alternatives: [] };

/** Decodes a text in the encoding that is set, else in the one that is found out from its beginning. */
export async function openText(raw: Peekable, encodingName: string | undefined): Promise<OpenedText> {
  const encoding = encodingName === undefined ? detectEncoding(await raw.peek(ENCODING_SAMPLE_BYTES)) : namedEncoding(encodingName);
  const text = toUtf8(raw.bytes, encoding.name);
  const decoded = peekable(encoding.reason === 'valid_utf8' ? withoutShifts(text) : text);
  const head = await decoded.peek(SAMPLE_BYTES);
  if (!hasBareReturns(head)) return { content: decoded, sample: wholeLines(head), encoding };
  const content = peekable(withLineFeeds(decoded.bytes));
  return { content, sample: wholeLines(await content.peek(SAMPLE_BYTES)), encoding };
}

/** What the sample did not show. */
async function* withoutShifts(text: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const part of text) {
    refuseShifts(part);
    yield part;
  }
}

/** JSON that is sent is UTF-8 (RFC 8259), so that nothing need be waited for; lines that are not are reported one by one. */
export async function openUtf8(raw: Peekable): Promise<OpenedText> {
  return { content: peekable(toUtf8(raw.bytes, UTF8.name)), sample: '', encoding: UTF8 };
}

function wholeLines(head: Buffer): string {
  const end = head.lastIndexOf(10) + 1;
  return (head.length < SAMPLE_BYTES || end === 0 ? head : head.subarray(0, end)).toString('utf8');
}
