import type { Readable } from 'node:stream';
import type { ImportItem, WriteTarget } from '@sophia/catalog';
import { openSource, PLAIN_COLUMNS, plainItems } from '@sophia/connectors';
import { SophiaError } from '@sophia/shared';

/** Rows as they are sent. */
export interface StreamedRows {
  readonly stream: Readable;
  readonly contentType: string | undefined;
}

/** Rows of a streamed body as they arrive: columns and members are the type's fields by name. Errors: `payload_too_large`, and those of reading. */
export async function* streamedItems(
  { stream, contentType }: StreamedRows,
  target: WriteTarget,
  maximumBytes: number,
): AsyncGenerator<ImportItem> {
  const options = { sampleRows: 0, expected: PLAIN_COLUMNS };
  const source = await openSource({ kind: 'stream', stream: limited(stream, maximumBytes), contentType }, options);
  yield* plainItems(source, target);
}

/** Leaves the stream open where it ends early: the caller is still to be answered. */
async function* limited(stream: Readable, maximumBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > maximumBytes) throw new SophiaError('payload_too_large', `The stream is longer than ${maximumBytes} bytes.`);
    yield chunk;
  }
}
