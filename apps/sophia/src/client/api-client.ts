import { type ClientRequest, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Readable } from 'node:stream';
import { CommandError } from '../command-line/command-error.ts';
import { messageOf } from '../command-line/message-of.ts';
import { ProblemError } from './problem-error.ts';

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
export const createApiClient = (server: ServerAddress, workspace: string | undefined, signal: AbortSignal): ApiClient => {
  const below = 'url' in server ? server.url.pathname.replace(/\/(api\/v1\/?)?$/, '') : '';
  const own = {
    accept: 'application/json',
    ...(workspace === undefined ? {} : { 'sophia-workspace': workspace }),
    ...('url' in server && server.key !== undefined ? { authorization: `Bearer ${server.key}` } : {}),
  };
  const begin = (method: string, path: string, headers: Readonly<Record<string, string>>): ClientRequest => {
    // Sophia may stand below a path of its own; that of the API belongs to every request.
    const options: RequestOptions = {
      method,
      path: `${below}/api/v1${path}`,
      agent: false,
      signal,
      headers: sendable({ ...own, ...headers }),
    };
    if ('socketPath' in server) return requestHttp({ ...options, socketPath: server.socketPath });
    return (server.url.protocol === 'https:' ? requestHttps : requestHttp)(server.url, options);
  };

  return {
    async call<Answer>(method: string, path: string, { query = {}, body, headers = {} }: ApiRequest = {}): Promise<Answer> {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const type = text === undefined ? {} : { 'content-type': 'application/json' };
      const sent = begin(method, path + queryText(query), { ...headers, ...type });
      sent.end(text);
      const response = await answered(sent, server);
      // What the route answers with is its documented type.
      return JSON.parse(await textOf(response)) as Answer;
    },
    async open(method, path, request) {
      if (request === undefined) {
        const sent = begin(method, path, {});
        sent.end();
        return answered(sent, server);
      }
      // A server that refuses and is to close the connection does so at once, and the refusal is lost with what was still sent.
      const sent = begin(method, path, { connection: 'keep-alive', ...request.headers });
      // An answer that comes before all is sent, such as a refusal, counts more than the failure to send the rest.
      const sending = request.send(sent).then(() => sent.end());
      const answer = answered(sent, server);
      let unread: unknown;
      sending.catch((fault: Error) => {
        unread = fault;
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

/** Errors: `CommandError` where one has what HTTP does not carry there. */
const sendable = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const wrong = Object.entries(headers).find(([, value]) => !/^[ -~]*$/.test(value));
  if (wrong === undefined) return headers;
  throw new CommandError(
    'usage',
    `The header ${wrong[0]} would have a character that no key, workspace or token has.`,
    'They come from SOPHIA_KEY, --workspace (SOPHIA_WORKSPACE) and --after.',
  );
};

const queryText = (query: NonNullable<ApiRequest['query']>): string => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
};

/** What Sophia's answers are: JSON, lines of it, or a backup. A page of HTML is from something in between. */
const OURS = /^application\/(json|x-ndjson|zstd)\b/;

const answered = async (sent: ClientRequest, server: ServerAddress): Promise<IncomingMessage> => {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.on('error', (error) => reject(unreachable(error, server)));
  });
  // What is still to be sent is for nobody then.
  response.once('close', () => sent.destroy());
  const { statusCode, headers } = response;
  const type = String(headers['content-type']);
  if (OURS.test(type) && isSuccess(statusCode)) return response;
  const text = await textOf(response);
  if (!type.startsWith('application/problem+json')) throw strange(response, text);
  throw new ProblemError(JSON.parse(text), statusCode === 401 && isWithoutKey(server) ? NO_KEY : undefined);
};

const NO_KEY = 'SOPHIA_KEY is not set: with SOPHIA_URL it has to hold a key of that Sophia, where sophia keys create makes one.';

const isWithoutKey = (server: ServerAddress): boolean => 'url' in server && server.key === undefined;

const isSuccess = (status: number | undefined): boolean => Math.floor(Number(status) / 100) === 2;

/** The connection was there and broke before an answer. A server that refuses what is still sent may end so: its answer is lost with it. */
export class HungUp extends CommandError {}

/** Of what has no code, such as an error that is thrown while a body is read, the cause is known. */
export const unreachable = (error: Error, server: ServerAddress): Error => {
  if (!('code' in error)) return error;
  // Where a name has several addresses the message is empty, and each has an error of its own.
  const [what] = (error.message || String(error.code)).split('\n');
  const Kind = error.code === 'EPIPE' || error.code === 'ECONNRESET' ? HungUp : CommandError;
  return 'socketPath' in server
    ? new Kind('temporary', `Sophia does not answer: ${what}`, 'Try again: where none runs, the command starts one for itself.')
    : new Kind(
        'temporary',
        `Sophia does not answer at ${server.url.origin}: ${what}`,
        'SOPHIA_URL says where it is looked for; is it right, and does Sophia run there?',
      );
};

const LONGEST_EXCERPT = 200;

/** For an answer that is not Sophia's: from a proxy in between, or at an address that is another's. */
const strange = ({ statusCode, statusMessage, headers: { location } }: IncomingMessage, text: string): CommandError => {
  const excerpt = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, LONGEST_EXCERPT);
  const what = [
    `${statusCode} ${statusMessage}`,
    ...(location === undefined ? [] : [`see ${location}`]),
    ...(excerpt === '' ? [] : [JSON.stringify(excerpt)]),
  ];
  return new CommandError(
    Number(statusCode) >= 500 ? 'temporary' : 'failed',
    `Something else answers in Sophia’s place: ${what.join(', ')}`,
    'Look at SOPHIA_URL, and at what stands in between.',
  );
};

/** Errors: `CommandError` where it is cut off. */
export const textOf = async (stream: Readable): Promise<string> => {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch (error) {
    throw new CommandError('temporary', `Sophia’s answer was cut off: ${messageOf(error)}`);
  }
  return Buffer.concat(chunks).toString('utf8');
};
