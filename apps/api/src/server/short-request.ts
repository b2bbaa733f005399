import type { IncomingHttpHeaders } from 'node:http';

/** What the short ways read of a request; one of node:http has it all. */
export interface ShortRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
  /** What is there of the body. */
  read(): Buffer | null;
}

/** What they answer by. */
export interface ShortResponse {
  /** Whoever asked has gone. */
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  /** Headers in pairs, whose values are the server's own: they are sent as they are. */
  writeHead(status: number, headers: string[]): { end(body?: string | Buffer): unknown };
}

/** Bytes of a head, at most; node:http takes 16 KiB. */
const LONGEST_HEAD = 8_192;
const MOST_HEADERS = 100;
const END_OF_HEAD = '\r\n\r\n';
/** A part of what RFC 9112 allows: printable ASCII, a space after GET or POST, no folded lines. */
const HEAD = /^(GET|POST) (\/[!-~]*) HTTP\/1\.1\r\n((?:[!#$%&'*+.^_`|~\w-]+:[\t -~]*\r\n)+)$/;
/** What says that more than this request is meant, or how it is framed; and a name that node:http passes over. */
const SPECIAL = new Set(['transfer-encoding', 'trailer', 'te', 'expect', 'upgrade', 'http2-settings', 'proxy-connection', '__proto__']);

/**
 * A request that the bytes are, from the first to the last: complete, with a plain head, and framed by
 * its length alone. Undefined for all else, which node:http judges; it reads what is accepted here in
 * the same way.
 */
export const parseShortRequest = (bytes: Buffer, socket: ShortRequest['socket']): ShortRequest | undefined => {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end === -1 || end > LONGEST_HEAD) return undefined;
  const [, method, url, lines] = HEAD.exec(bytes.toString('latin1', 0, end + 2)) ?? [];
  const headers = lines === undefined ? undefined : parseHeaders(lines);
  if (headers?.host === undefined) return undefined;
  const length = lengthOfBody(method, headers);
  const from = end + END_OF_HEAD.length;
  if (length === undefined || bytes.length !== from + length) return undefined;
  return { method, url, headers, socket, read: () => (length === 0 ? null : bytes.subarray(from)) };
};

/** Undefined where one comes twice, or is special, or there are very many. */
const parseHeaders = (lines: string): IncomingHttpHeaders | undefined => {
  const headers: IncomingHttpHeaders = Object.create(null);
  let count = 0;
  for (let at = 0; at < lines.length; ) {
    const colon = lines.indexOf(':', at);
    const end = lines.indexOf('\r', colon);
    const name = lines.slice(at, colon).toLowerCase();
    count += 1;
    if (SPECIAL.has(name) || headers[name] !== undefined || count > MOST_HEADERS) return undefined;
    headers[name] = lines.slice(colon + 1, end).trim();
    at = end + 2;
  }
  const { connection } = headers;
  return connection === undefined || connection.toLowerCase() === 'keep-alive' ? headers : undefined;
};

/** Undefined where it is not said in so many digits. */
const lengthOfBody = (method: string | undefined, { 'content-length': length }: IncomingHttpHeaders): number | undefined => {
  if (method === 'GET') return length === undefined ? 0 : undefined;
  return length !== undefined && /^\d{1,6}$/.test(length) ? Number(length) : undefined;
};
