import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Allowance, Authentication } from '@sophia/auth';
import type { Catalog } from '@sophia/catalog';
import type { Logger } from '@sophia/observability';
import type { Clock, LoadShedder } from '@sophia/shared';
import type { Call, CatalogRecord, RecordId } from '@sophia/types';
import { sendProblem } from './problems.ts';
import { allowanceHeaders } from './rate-limit.ts';

type CallWithId = Call & { readonly request: string };

export interface RecordPathOptions {
  readonly catalog: Pick<Catalog, 'records'>;
  readonly authentication: Authentication;
  readonly taken: WeakMap<IncomingMessage, Allowance>;
  readonly newRequestId: () => string;
  readonly shedder: LoadShedder;
  readonly logger: Logger;
  /** Milliseconds for the whole request. */
  readonly deadline: number;
  readonly clock: Clock;
  /** Told of each request that was answered here. */
  readonly served: (seconds: number, status: number) => void;
}

const PATH = /^\/api\/v1\/records\/([a-z][a-z0-9_]{0,99})\/([0-9]{1,19})$/;
export const RECORD_ROUTE = '/api/v1/records/:type/:id';
/** Types whose records are long texts: worth compressing, on the ordinary way. */
const LONG_TYPES = new Set(['call_transcript', 'message', 'document']);

/**
 * Reads a record by id without the framework, for a credential verified before: authentication,
 * rate limit, load shedding, policy and audit hold as on the ordinary way, which takes every other
 * request (it returns false then). Errors leave as the same problem documents.
 */
export const createRecordPath = (options: RecordPathOptions) => {
  const { catalog, authentication, taken, newRequestId, shedder, logger, deadline, clock, served } = options;

  const answer = async (
    call: CallWithId,
    type: string,
    id: string,
    response: ServerResponse,
    headers: readonly string[],
  ): Promise<number> => {
    try {
      // The path's pattern says that it is one.
      const record = await catalog.records.get(call, type, id as RecordId);
      if (!response.destroyed) sendRecord(response, record, headers);
      return 200;
    } catch (error) {
      const { status } = sendProblem(response, error, { requestId: call.request, route: RECORD_ROUTE, headers, logger });
      return status;
    }
  };

  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.method !== 'GET') return false;
    const [, type, id] = PATH.exec(request.url ?? '') ?? [];
    if (type === undefined || id === undefined || LONG_TYPES.has(type)) return false;
    const { authorization, 'sophia-after': after, 'sophia-workspace': workspace, traceparent, origin } = request.headers;
    if (authorization === undefined || (after ?? workspace ?? traceparent ?? origin) !== undefined) return false;
    const principal = authentication.peek(authorization);
    if (principal === undefined) return false;
    const allowance = authentication.takeAllowance(principal);
    taken.set(request, { ...allowance });
    // The ordinary way says no in its own words.
    if (!allowance.allowed || !hasRoom(shedder)) return false;
    const begun = clock.monotonic();
    const requestId = newRequestId();
    const headers = ['x-request-id', requestId, ...allowanceHeaders(allowance), 'x-content-type-options', 'nosniff'];
    const call: CallWithId = { principal, via: 'rest', request: requestId, address: request.socket.remoteAddress, deadline };
    void answer(call, type, id, response, headers).then((status) => {
      shedder.leave();
      served((clock.monotonic() - begun) / 1000, status);
    });
    return true;
  };
};

const hasRoom = (shedder: LoadShedder): boolean => {
  try {
    shedder.enter();
    return true;
  } catch {
    // Refused again, and said so, on the ordinary way.
    return false;
  }
};

const sendRecord = (response: ServerResponse, record: CatalogRecord, headers: readonly string[]): void => {
  const body = JSON.stringify(record);
  const own = ['etag', `"${record.version}"`, 'content-type', 'application/json; charset=utf-8'];
  response.writeHead(200, [...headers, ...own, 'content-length', String(Buffer.byteLength(body))]).end(body);
};
