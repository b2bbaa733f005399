import type { Readable } from 'node:stream';
import type { ImportItem, WriteTarget } from '@sophia/catalog';
import { openSource, PLAIN_COLUMNS, plainItems } from '@sophia/connectors';
import { SophiaError } from '@sophia/shared';

/** Rows as they are sent. */
export interface StreamedRows {
  readonly stream: Readable;
  readonly contentType: string;
}

export interface StreamedItems {
  readonly items: AsyncIterable<ImportItem>;
  /** What was assumed of the rows and could be otherwise, each a sentence that says how to set it. */
  readonly assumed: readonly string[];
}

/**
 * Rows of a streamed body as they arrive: columns and members are the type's fields by name. Errors: `payload_too_large`,
 * and those of reading.
 */
export const openStreamedItems = async (
  { stream, contentType }: StreamedRows,
  target: WriteTarget,
  maximumBytes: number,
): Promise<StreamedItems> => {
  const input = { kind: 'stream', stream: limited(stream, maximumBytes), contentType } as const;
  const source = await openSource(input, { sampleRows: 0, expected: PLAIN_COLUMNS, encoding: encodingOf(contentType) });
  return { items: plainItems(source, target), assumed: source.description.assumptions };
};

const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)/i;

/**
 * As it is told, if it is. But an array is UTF-8 in any case (RFC 8259), a long one like one that is read whole; and lines of
 * JSON are read faster where nothing is told.
 */
const encodingOf = (contentType: string): string | undefined => {
  const charset = CHARSET.exec(contentType)?.[1];
  const isUtf8 = /^application\/json\b/i.test(contentType) || (/json/i.test(contentType) && /^utf-?8$/i.test(`${charset}`));
  return isUtf8 ? undefined : charset;
};

/** Leaves the stream open where it ends early: the caller is still to be answered. */
async function* limited(stream: Readable, maximumBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > maximumBytes) throw new SophiaError('payload_too_large', `The stream is longer than ${maximumBytes} bytes.`);
    yield chunk;
  }
}
