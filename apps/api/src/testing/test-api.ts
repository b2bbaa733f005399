import { join } from 'node:path';
import { openTestPlatform, type TestPlatform, type TestPlatformOptions } from '@sophia/platform/testing';
import { describeConfiguration, readConfiguration } from '@sophia/shared';
import type { Role } from '@sophia/types';
import { createApi } from '../create-api.ts';

/** The REST interface of a real platform, listening. */
export interface TestApi {
  readonly test: TestPlatform;
  send(method: string, path: string, sent?: Sent): Promise<Answer>;
  /** Sends a form as `POST /imports` takes it: the options, then the file. */
  sendForm(path: string, options: object, file: string, sent?: Sent): Promise<Answer>;
  close(): Promise<void>;
}

export interface Sent {
  /** `admin` unless told. */
  readonly role?: Role | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Text goes as it is, anything else as JSON. */
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what its test asks.
  readonly json: any;
}

export const openTestApi = async (options: TestPlatformOptions = {}): Promise<TestApi> => {
  const test = await openTestPlatform(options);
  const { auth, configuration, health, ...platform } = test.platform;
  const api = await createApi({
    ...platform,
    ...auth,
    configuration: { ...configuration.http, port: 0 },
    settings: describeConfiguration(readConfiguration({})),
    health,
    version: 'test',
    spoolDirectory: join(configuration.dataDirectory, 'spool'),
  });
  const address = await api.listen();
  const keys = new Map<Role, string>();
  const keyOf = async (role: Role): Promise<string> => {
    const key = keys.get(role) ?? (await auth.keys.create(test.call, { name: role, role, requestsPerSecond: 100_000 })).text;
    keys.set(role, key);
    return key;
  };
  const send = async (method: string, path: string, { role = 'admin', headers = {}, body }: Sent = {}): Promise<Answer> => {
    const response = await fetch(`${address}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await keyOf(role)}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    const isJson = /json(;|$)/.test(response.headers.get('content-type') ?? '') && text !== '';
    return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined };
  };
  return {
    test,
    send,
    sendForm: (path, formOptions, file, sent = {}) =>
      send('POST', path, {
        ...sent,
        headers: { ...sent.headers, 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
        body: formOf(formOptions, file),
      }),
    async close() {
      await api.close();
      await test.close();
    },
  };
};

const BOUNDARY = 'boundary';

const formOf = (options: object, file: string): string =>
  [
    `--${BOUNDARY}`,
    'content-disposition: form-data; name="options"',
    '',
    JSON.stringify(options),
    `--${BOUNDARY}`,
    'content-disposition: form-data; name="file"; filename="rows.csv"',
    'content-type: application/octet-stream',
    '',
    file,
    `--${BOUNDARY}--`,
    '',
  ].join('\r\n');
