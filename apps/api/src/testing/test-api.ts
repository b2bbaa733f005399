import type { TestPlatform, TestPlatformOptions } from '@sophia/platform/testing';
import type { Role } from '@sophia/types';
import { openApiHarness, type Received } from './api-harness.ts';

/** The REST interface as roles use it: paths below `/api/v1`, a key made for each role that sends. */
export interface TestApi {
  readonly test: TestPlatform;
  send(method: string, path: string, sent?: Sent): Promise<Received>;
  /** Sends a form as `POST /imports` takes it: the options, then the file. */
  sendForm(path: string, options: object, file: string, sent?: SentForm): Promise<Received>;
  close(): Promise<void>;
}

export interface Sent {
  /** `admin` unless told. */
  readonly role?: Role | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Text goes as it is, anything else as JSON. */
  readonly body?: unknown;
}

export interface SentForm extends Sent {
  /** `rows.csv` unless told. */
  readonly fileName?: string | undefined;
}

export const openTestApi = async (options: TestPlatformOptions = {}): Promise<TestApi> => {
  const harness = await openApiHarness(options);
  const send: TestApi['send'] = async (method, path, { role = 'admin', ...sent } = {}) => {
    if (!harness.keys.has(role)) await harness.makeKey(role, { role });
    return harness.send(method, `/api/v1${path}`, { key: role, ...sent });
  };
  return {
    test: harness.test,
    send,
    sendForm: (path, formOptions, file, { fileName = 'rows.csv', ...sent } = {}) =>
      send('POST', path, {
        ...sent,
        headers: { ...sent.headers, 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
        body: formOf(formOptions, file, fileName),
      }),
    close: () => harness.close(),
  };
};

const BOUNDARY = 'boundary';

const formOf = (options: object, file: string, fileName: string): string =>
  [
    `--${BOUNDARY}`,
    'content-disposition: form-data; name="options"',
    '',
    JSON.stringify(options),
    `--${BOUNDARY}`,
    `content-disposition: form-data; name="file"; filename="${fileName}"`,
    'content-type: application/octet-stream',
    '',
    file,
    `--${BOUNDARY}--`,
    '',
  ].join('\r\n');
