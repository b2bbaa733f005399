import { type ClientRequest, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Readable } from 'node:stream';
import { CommandError } from '../command-line/command-error.ts';
import { type Problem, ProblemError } from './problem-error.ts';

/** Where Sophia is. */
export type ServerAddress = { readonly socketPath: string } | { readonly url: URL; readonly key: string | undefined };

export interface ApiRequest {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface StreamedRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** Written by the caller, while the answer may already come. */
  readonly send: (body: ClientRequest) => Promise<void>;
}

/** REST, as the command line uses it. Errors: `ProblemError` where Sophia says no, `CommandError` where it is not reached. */
export interface ApiClient {
  /** The answer's JSON. Paths stand below `/api/v1`. */
  call<Answer>(method: string, path: string, request?: ApiRequest): Promise<Answer>;
  /** The answer as it comes, for what is large or takes long. */
  open(method: string, path: string, request?: StreamedRequest): Promise<Readable>;
}

/** Requests end where `signal` is aborted. */
export const createApiClient = (server: ServerAddress, workspace: string | undefined, signal?: AbortSignal): ApiClient => {
  const begin = (method: string, path: string, headers: Readonly<Record<string, string>>): ClientRequest => {
    const options: RequestOptions = {
      method,
      path: `/api/v1${path}`,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
      headers: { accept: 'application/json', ...headers, ...(workspace === undefined ? {} : { 'sophia-workspace': workspace }) },
    };
    if ('socketPath' in server) return requestHttp({ ...options, socketPath: server.socketPath });
    const send = server.url.protocol === 'https:' ? requestHttps : requestHttp;
    const authorization = server.key === undefined ? {} : { authorization: `Bearer ${server.key}` };
    return send(new URL(`${server.url.pathname.replace(/\/$/, '')}${options.path}`, server.url), {
      ...options,
      headers: { ...options.headers, ...authorization },
    });
  };

  return {
    async call<Answer>(method: string, path: string, { query = {}, body, headers = {} }: ApiRequest = {}): Promise<Answer> {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const type = text === undefined ? {} : { 'content-type': 'application/json' };
      const sent = begin(method, path + queryText(query), { ...headers, ...type });
      sent.end(text);
      const response = await answered(sent);
      // What the route answers with is its documented type.
      return JSON.parse(await textOf(response)) as Answer;
    },
    async open(method, path, request) {
      const sent = begin(method, path, request?.headers ?? {});
      if (request === undefined) {
        sent.end();
        return answered(sent);
      }
      // An answer that comes before all is sent, such as a refusal, counts more than the failure to send the rest.
      const sending = request.send(sent).then(() => sent.end());
      const answer = answered(sent);
      let unread: unknown;
      sending.catch((error: unknown) => {
        unread = error;
        const fault = error instanceof Error ? error : new Error(String(error));
        // Whoever reads the answer is told why it ends.
        answer.then(
          (response) => response.destroy(fault),
          () => undefined,
        );
        sent.destroy(fault);
      });
      return answer.catch((error: unknown) => {
        throw unread ?? error;
      });
    },
  };
};

const queryText = (query: NonNullable<ApiRequest['query']>): string => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
};

/** Errors: `ProblemError` for an answer that is none. */
const answered = async (sent: ClientRequest): Promise<IncomingMessage> => {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.on('error', (error) => reject(unreachable(error)));
  });
  const { statusCode = 0 } = response;
  if (statusCode < 400) return response;
  throw new ProblemError(problemOf(statusCode, await textOf(response)));
};

const unreachable = (error: Error): Error => {
  if (!('code' in error)) return error;
  return new CommandError('temporary', `Sophia does not answer: ${error.message}`, 'Look whether it runs: sophia status');
};

export const textOf = async (stream: Readable): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

const problemOf = (status: number, text: string): Problem => {
  const fallback = { status, code: 'unexpected_answer', title: 'Unexpected answer', detail: text.slice(0, 500), instance: '' };
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && 'code' in parsed && typeof parsed.code === 'string'
      ? { ...fallback, ...parsed, code: parsed.code }
      : fallback;
  } catch {
    // A proxy in between has answered.
    return fallback;
  }
};
