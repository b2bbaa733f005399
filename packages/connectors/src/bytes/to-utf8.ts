import iconv from 'iconv-lite';

const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** The text in UTF-8 without a byte order mark. What has no character in the encoding becomes U+FFFD. UTF-8 passes unchecked. */
export async function* toUtf8(bytes: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<Buffer> {
  const chunks = encoding === 'utf-8' ? bytes : decoded(bytes, encoding);
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    const start: Buffer = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    head = start.length < MARK.length ? start : undefined;
    if (head === undefined) yield start.subarray(0, MARK.length).equals(MARK) ? start.subarray(MARK.length) : start;
  }
  if (head !== undefined && head.length > 0) yield head;
}

async function* decoded(bytes: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<Buffer> {
  const decoder = iconv.getDecoder(encoding, { stripBOM: false });
  for await (const chunk of bytes) {
    const text = decoder.write(chunk);
    if (text.length > 0) yield Buffer.from(text, 'utf8');
  }
  const rest = decoder.end();
  if (rest !== undefined && rest.length > 0) yield Buffer.from(rest, 'utf8');
}
