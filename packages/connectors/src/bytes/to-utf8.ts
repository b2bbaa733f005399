import iconv from 'iconv-lite';

const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The text in UTF-8 without a byte order mark, which is looked for in the first chunk: a stream that was peeked has it
 * there. What has no character in the encoding becomes U+FFFD. UTF-8 passes unchecked.
 */
export async function* toUtf8(bytes: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<Buffer> {
  if (encoding !== 'utf-8') {
    yield* decoded(bytes, encoding);
    return;
  }
  let isFirst = true;
  for await (const chunk of bytes) {
    yield isFirst && chunk.subarray(0, MARK.length).equals(MARK) ? chunk.subarray(MARK.length) : chunk;
    isFirst = false;
  }
}

async function* decoded(bytes: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<Buffer> {
  const decoder = iconv.getDecoder(encoding);
  for await (const chunk of bytes) {
    const text = decoder.write(chunk);
    if (text.length > 0) yield Buffer.from(text, 'utf8');
  }
  const rest = decoder.end();
  if (rest !== undefined && rest.length > 0) yield Buffer.from(rest, 'utf8');
}
