import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { openTestPlatform, type TestPlatform, type TestPlatformOptions } from '@sophia/platform/testing';
import { describeConfiguration, type HttpConfiguration, readConfiguration } from '@sophia/shared';
import type { Role } from '@sophia/types';
import { createApi } from '../create-api.ts';
import type { ApiServer } from '../server/api-server.ts';
import type { ApiServices } from '../services.ts';
import { createAnswerCheck } from './answer-check.ts';

export interface Sent {
  /** Name of a key that was made, or a whole `Authorization` header; empty: none. */
  readonly key?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  /** On a connection of its own, rather than on one that others may have used. */
  readonly alone?: boolean | undefined;
}

export interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the tests say of it.
  readonly json: any;
}

/** The REST interface over a real platform, and keys for it. */
export interface ApiHarness {
  readonly test: TestPlatform;
  readonly api: ApiServer;
  readonly address: string;
  readonly keys: Map<string, string>;
  /** Makes a key and keeps it under its name; those of administrators of `main` are of the installation, unless told. */
  makeKey(name: string, key: KeyOptions): Promise<void>;
  /** Rejects an answer that is not as its route describes it. */
  send(method: string, path: string, sent?: Sent): Promise<Received>;
  close(): Promise<void>;
}

export interface KeyOptions {
  readonly role: Role;
  readonly workspace?: string | undefined;
  readonly installation?: boolean | undefined;
}

export interface ApiHarnessOptions extends TestPlatformOptions {
  readonly http?: Partial<HttpConfiguration> | undefined;
  readonly services?: Partial<ApiServices> | undefined;
  /** Serves this one, and leaves it open, instead of one of its own. */
  readonly over?: TestPlatform | undefined;
}

/** Like `fetch`, on a new connection; it is kept alive, too. */
const fetchAlone = (address: string, sent: { method: string; headers: Record<string, string>; body?: string; signal: AbortSignal }) =>
  new Promise<Pick<Response, 'status' | 'headers' | 'text'>>((resolve, reject) => {
    const { body, ...options } = sent;
    const agent = new Agent({ keepAlive: true });
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    request(address, { ...options, headers: { ...options.headers, ...length }, agent }, async (response) => {
      const received = Buffer.concat(await response.toArray()).toString();
      agent.destroy();
      const headers = new Headers(Object.entries(response.headersDistinct).map(([name, values = []]) => [name, values.join(', ')]));
      resolve({ status: response.statusCode ?? 0, headers, text: async () => received });
    })
      .once('error', reject)
      .end(body);
  });

export const openApiHarness = async ({ http, services, over, ...platform }: ApiHarnessOptions = {}): Promise<ApiHarness> => {
  const test = over ?? (await openTestPlatform(platform));
  const { auth, configuration, health, ...parts } = test.platform;
  const api = await createApi({
    ...parts,
    ...auth,
    configuration: { ...configuration.http, port: 0, ...http },
    settings: describeConfiguration(readConfiguration({})),
    health,
    version: 'test',
    spoolDirectory: join(configuration.dataDirectory, 'spool'),
    ...services,
  });
  const address = await api.listen();
  const keys = new Map<string, string>();
  const differences = createAnswerCheck(api.routes);

  const authorization = (key: string): Readonly<Record<string, string>> => {
    if (key === '') return {};
    return { authorization: keys.has(key) ? `Bearer ${keys.get(key)}` : key };
  };

  return {
    test,
    api,
    address,
    keys,
    async makeKey(name, { role, workspace = 'main', installation = role === 'admin' && workspace === 'main' }) {
      const at = await auth.workspaces.ensure(workspace);
      await parts.workspaces.refresh();
      const call = { ...test.call, principal: { ...test.call.principal, workspace: at.id, workspaceName: at.name } };
      keys.set(name, (await auth.keys.create(call, { name, role, installation, requestsPerSecond: 100_000 })).text);
    },
    async send(method, path, { key = 'admin', headers = {}, body, alone = false } = {}) {
      const content = body === undefined ? {} : { 'content-type': 'application/json' };
      const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
      const sent = {
        method,
        headers: { ...authorization(key), ...content, ...headers },
        ...(body === undefined ? {} : { body: text as string }),
        signal: AbortSignal.timeout(30_000),
      };
      const response = await (alone ? fetchAlone : fetch)(`${address}${path}`, sent);
      const received = await response.text();
      const wrong = differences(method, path, { status: response.status, headers: response.headers, text: received });
      if (wrong.length > 0)
        throw new Error(`${method} ${path} is not described as it answers: ${wrong.join('; ')} in ${received.slice(0, 1_000)}`);
      const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '') && received !== '';
      return { status: response.status, headers: response.headers, text: received, json: isJson ? JSON.parse(received) : undefined };
    },
    async close() {
      await api.close();
      if (over === undefined) await test.close();
    },
  };
};
