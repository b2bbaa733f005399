import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Catalog, RecordWriteAnswer } from '@sophia/catalog';
import { isJsonObject, parseExactJson } from '@sophia/shared';
import { toRow } from '../to-row.ts';
import type { Admitted } from './admission.ts';
import { CALLER_GONE, type ProblemWatch, sendProblem } from './problems.ts';
import type { ShortRequest, ShortResponse } from './short-request.ts';

export interface WritePathOptions {
  readonly catalog: Pick<Catalog, 'records'>;
  readonly admit: (request: ShortRequest) => Admitted | undefined;
  readonly watch: ProblemWatch;
  /** Bytes of a body at most: a longer one is refused on the ordinary way. */
  readonly bodyBytes: number;
  /** Told of each request that was answered here. */
  readonly served: (seconds: number, status: number) => void;
}

const PATH = /^\/api\/v1\/records\/([a-z][a-z0-9_]{0,99})\?source_system=([A-Za-z0-9_.-]{1,100})$/;
export const WRITE_ROUTE = '/api/v1/records/:type';
const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;
/** Longer bodies seldom come along with their head. */
const LARGEST = 16_384;

/**
 * Writes one record without the framework, for who is admitted, where its body came along with the
 * head: authentication, rate limit, load shedding, policy and audit hold as on the ordinary way, which
 * takes every other request unread (it returns false, or hands the request on). Errors leave as the
 * same problem documents.
 */
export const createWritePath = ({ catalog, admit, watch, bodyBytes, served }: WritePathOptions) => {
  const targetOf = targetsWithin(Math.min(LARGEST, bodyBytes));
  const write = async ({ call, headers }: Admitted, target: Target, row: object, response: ShortResponse): Promise<number> => {
    try {
      const answer = await catalog.records.upsert(call, target, toRow(row, 0));
      if (response.destroyed) return CALLER_GONE;
      sendAnswer(response, answer, headers);
      return 200;
    } catch (error) {
      return sendProblem(response, error, { requestId: call.request, route: WRITE_ROUTE, headers, watch });
    }
  };

  const serve = (request: ShortRequest, response: ShortResponse, target: Target, body: Buffer | null): boolean => {
    const isWhole = body?.length === Number(request.headers['content-length']) && isUtf8(body);
    const row = isWhole ? parseObject(body.toString()) : undefined;
    const admitted = row === undefined ? undefined : admit(request);
    if (row === undefined || admitted === undefined) return false;
    void write(admitted, target, row, response).then((status) => served(admitted.leave(), status));
    return true;
  };

  return {
    /** Answers a request of which all is there; false for any other, unread. */
    serve(request: ShortRequest, response: ShortResponse): boolean {
      const target = targetOf(request);
      return target !== undefined && serve(request, response, target, request.read());
    },
    /**
     * The same for a request of node:http, whose body is there, if it came in one piece with its head, only when the
     * parser has gone through the piece. What turns out to be for the ordinary way is handed to it as it came.
     */
    serveSoon(request: IncomingMessage, response: ServerResponse, ordinary: RequestListener): boolean {
      const target = targetOf(request);
      if (target === undefined) return false;
      process.nextTick(() => {
        const body: Buffer | null = request.read();
        if (serve(request, response, target, body)) return;
        // As if nobody had looked.
        if (body !== null) request.unshift(body);
        ordinary(request, response);
      });
      return true;
    },
  };
};

/** Finds what a request is for; undefined for what is not a short object as JSON for a record. */
const targetsWithin =
  (most: number) =>
  (request: ShortRequest): Target | undefined => {
    if (request.method !== 'POST') return undefined;
    const [, recordType, sourceSystem] = PATH.exec(request.url ?? '') ?? [];
    const isFor = recordType !== undefined && sourceSystem !== undefined && isShortJson(request, most);
    return isFor ? { recordType, sourceSystem } : undefined;
  };

interface Target {
  readonly recordType: string;
  readonly sourceSystem: string;
}

const isShortJson = ({ headers }: ShortRequest, most: number): boolean =>
  JSON_TYPE.test(headers['content-type'] ?? '') &&
  isShort(Number(headers['content-length']), most) &&
  headers['content-encoding'] === undefined &&
  (headers['idempotency-key'] ?? headers['if-none-match']) === undefined;

/** An empty body is not looked at: its end, once looked for, comes but once. */
const isShort = (length: number, most: number): boolean => length > 0 && length <= most;

/** Undefined for what is no object. */
const parseObject = (text: string): object | undefined => {
  try {
    const value = parseExactJson(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    // The ordinary way says what is wrong with it.
    return undefined;
  }
};

const sendAnswer = (response: ShortResponse, answer: RecordWriteAnswer, headers: readonly string[]): void => {
  const body = JSON.stringify(answer);
  const own = ['sophia-token', answer.token, 'content-type', 'application/json; charset=utf-8'];
  response.writeHead(200, [...headers, ...own, 'content-length', String(Buffer.byteLength(body))]).end(body);
};
