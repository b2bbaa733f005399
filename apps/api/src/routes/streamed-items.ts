import type { Readable } from 'node:stream';
import type { ImportItem, WriteTarget } from '@sophia/catalog';
import { openSource, plainItems } from '@sophia/connectors';
import { SophiaError } from '@sophia/shared';
import type { FastifyRequest } from 'fastify';

/** Rows of a streamed body as they arrive: columns and members are the type's fields by name. Errors: `payload_too_large`, and those of reading. */
export async function* streamedItems(
  body: Readable,
  request: FastifyRequest,
  target: WriteTarget,
  maximumBytes: number,
): AsyncGenerator<ImportItem> {
  const input = { kind: 'stream', stream: limited(body, maximumBytes), contentType: request.headers['content-type'] } as const;
  const source = await openSource(input, { sampleRows: 0 });
  yield* plainItems(source, target);
}

async function* limited(stream: AsyncIterable<Uint8Array>, maximumBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maximumBytes) throw new SophiaError('payload_too_large', `The stream is longer than ${maximumBytes} bytes.`);
    yield chunk;
  }
}
