import { lookup as systemLookup } from 'node:dns';
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { SophiaError } from '../errors.ts';
import { withDeadline } from '../resilience/deadline.ts';
import { isPrivateAddress } from './private-address.ts';

export interface GuardedRequestOptions {
  /** Whether the address may be private, and the protocol http. */
  readonly allowPrivateAddress: boolean;
  /** Milliseconds for the whole exchange; 5,000 unless told. */
  readonly deadline?: number | undefined;
  /** Larger answers fail; 1 MB unless told. */
  readonly maximumBytes?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface GuardedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/**
 * GETs from an address that a caller or a configuration named, without letting it reach into the
 * private network: the name is resolved once, and the address that was judged is the one connected to
 * (a second look-up could answer otherwise). Redirects are not followed. Errors: `address_not_allowed`,
 * `unavailable`, `deadline_exceeded`.
 */
export async function guardedRequest(url: string, options: GuardedRequestOptions): Promise<GuardedResponse> {
  const { allowPrivateAddress, deadline = 5_000, maximumBytes = 1_048_576, headers = {}, signal } = options;
  const target = new URL(url);
  refuseAtSight(target, allowPrivateAddress);
  return withDeadline(
    deadline,
    ({ signal: ended }) =>
      new Promise<GuardedResponse>((resolve, reject) => {
        const fail = (cause: Error) => reject(toSophiaError(target, cause));
        const request = (target.protocol === 'https:' ? requestSecure : requestPlain)(
          target,
          // A connection of its own: a kept one might have been opened under other rules.
          { headers, agent: false, signal: ended, ...(allowPrivateAddress ? {} : { lookup: publicLookup }) },
          (response) => {
            const chunks: Buffer[] = [];
            let bytes = 0;
            response.on('data', (chunk: Buffer) => {
              chunks.push(chunk);
              bytes += chunk.length;
              if (bytes > maximumBytes) response.destroy(new Error(`the answer is larger than ${maximumBytes} bytes`));
            });
            response.on('error', fail);
            // Responses to requests have a status.
            response.on('end', () =>
              resolve({ status: response.statusCode as number, headers: response.headers, body: Buffer.concat(chunks) }),
            );
          },
        );
        request.on('error', fail);
        request.end();
      }),
    { what: target.origin, signal },
  );
}

/** The system's look-up, for names that lead to public addresses only. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '');
    const [first] = addresses;
    if (first === undefined || addresses.some(({ address }) => isPrivateAddress(address))) return callback(notAllowed(hostname), '');
    if (options.all === true) return callback(null, addresses);
    callback(null, first.address, first.family);
  });
};

function refuseAtSight({ protocol, hostname, host }: URL, allowPrivateAddress: boolean): void {
  if (protocol !== 'https:' && !(allowPrivateAddress && protocol === 'http:')) {
    throw new SophiaError('address_not_allowed', `${protocol}//${host} is refused: only https is allowed.`);
  }
  const literal = hostname.replace(/^\[|\]$/g, '');
  if (!allowPrivateAddress && isIP(literal) !== 0 && isPrivateAddress(literal)) throw notAllowed(literal);
}

const notAllowed = (host: string) =>
  new SophiaError('address_not_allowed', `${host} is refused: its address is private.`, { details: { host } });

const toSophiaError = (target: URL, cause: Error): SophiaError =>
  cause instanceof SophiaError
    ? cause
    : new SophiaError('unavailable', `${target.origin} did not answer: ${cause.message}.`, { cause, retryAfter: 5 });
