import { randomUUID } from 'node:crypto';
import type { ClientRequest } from 'node:http';
import { setImmediate as next } from 'node:timers/promises';
import type { StreamedRequest } from './api-client.ts';

export interface ImportFormOptions {
  readonly options: object;
  readonly fileName: string;
  /** Read only as fast as it is sent. A tap that fails is told behind what it wrote; any other failure breaks the request. */
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A multipart form: the options, then the file as it is read. */
export const importForm = ({ options, fileName, bytes, headers = {} }: ImportFormOptions): StreamedRequest => {
  const boundary = `sophia-${randomUUID()}`;
  const disposition = `form-data; name="file"; filename="${fileName.replace(/["\r\n\\]/g, '_')}"`;
  const head = [
    `--${boundary}`,
    'content-disposition: form-data; name="options"',
    '',
    JSON.stringify(options),
    `--${boundary}`,
    `content-disposition: ${disposition}`,
    'content-type: application/octet-stream',
    '',
    '',
  ].join('\r\n');
  return {
    headers: { ...headers, accept: 'application/x-ndjson', 'content-type': `multipart/form-data; boundary=${boundary}` },
    async send(body) {
      for await (const piece of pieces(head, bytes, boundary)) if (!(await taken(body, piece))) return;
    },
  };
};

/** The head goes out with the first bytes of the file. */
async function* pieces(head: string, bytes: AsyncIterable<Uint8Array>, boundary: string): AsyncGenerator<Buffer> {
  let before = Buffer.from(head);
  let failed = '';
  try {
    for await (const chunk of bytes) {
      yield Buffer.concat([before, chunk]);
      before = Buffer.alloc(0);
    }
  } catch (error) {
    if (!isTapFailure(error)) throw error;
    failed = failureField(boundary, error);
  }
  yield Buffer.concat([before, Buffer.from(`${failed}\r\n--${boundary}--\r\n`)]);
}

interface TapFailure extends Error {
  readonly code: 'tap_failed' | 'tap_stalled';
}

/** A `SophiaError`, told by its shape: its class is loaded only where the server is. */
const isTapFailure = (error: unknown): error is TapFailure =>
  error instanceof Error && 'code' in error && (error.code === 'tap_failed' || error.code === 'tap_stalled');

const failureField = (boundary: string, { code, message }: TapFailure): string =>
  ['', `--${boundary}`, 'content-disposition: form-data; name="failure"', '', JSON.stringify({ code, message })].join('\r\n');

/**
 * Whether the other side still reads. What has come from it is read first, and what is at hand is sent at once: to send to
 * a server that has refused and gone breaks the connection, and its refusal may be lost with it.
 */
const taken = async (body: ClientRequest, chunk: Uint8Array): Promise<boolean> => {
  await next();
  if (body.destroyed) return false;
  if (body.write(chunk)) return true;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      body.off('drain', go).off('close', go);
      resolve();
    };
    body.on('drain', go).on('close', go);
  });
  return !body.destroyed;
};
