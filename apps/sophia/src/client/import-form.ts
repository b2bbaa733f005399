import { randomUUID } from 'node:crypto';
import type { ClientRequest } from 'node:http';
import type { StreamedRequest } from './api-client.ts';

export interface ImportFormOptions {
  readonly options: object;
  readonly fileName: string;
  /** Read only as fast as it is sent. */
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
      body.write(head);
      for await (const chunk of bytes) if (!(await taken(body, chunk))) return;
      body.write(`\r\n--${boundary}--\r\n`);
    },
  };
};

/** Whether the other side still reads. */
const taken = async (body: ClientRequest, chunk: Uint8Array): Promise<boolean> => {
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
