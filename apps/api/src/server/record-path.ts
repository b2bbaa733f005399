import type { Catalog } from '@sophia/catalog';
import type { CatalogRecord, RecordId } from '@sophia/types';
import type { Admitted } from './admission.ts';
import { isKnown } from './entity-tags.ts';
import { CALLER_GONE, type ProblemWatch, sendProblem } from './problems.ts';
import { recordAnswer } from './record-answer.ts';
import type { ShortRequest, ShortResponse } from './short-request.ts';

export interface RecordPathOptions {
  readonly catalog: Pick<Catalog, 'records'>;
  readonly admit: (request: ShortRequest) => Admitted | undefined;
  readonly watch: ProblemWatch;
  /** Told of each request that was answered here. */
  readonly served: (seconds: number, status: number) => void;
}

const PATH = /^\/api\/v1\/records\/([a-z][a-z0-9_]{0,99})\/([0-9]{1,19})$/;
export const RECORD_ROUTE = '/api/v1/records/:type/:id';
/** Types whose records are long texts: worth compressing, on the ordinary way. */
const LONG_TYPES = new Set(['call_transcript', 'message', 'document']);

/**
 * Reads a record by id without the framework, for who is admitted: authentication, rate limit, load
 * shedding, policy and audit hold as on the ordinary way, which takes every other request (it returns
 * false then). Errors leave as the same problem documents.
 */
export const createRecordPath = ({ catalog, admit, watch, served }: RecordPathOptions) => {
  const answer = async ({ call, headers }: Admitted, { type, id, known }: Asked, response: ShortResponse): Promise<number> => {
    try {
      // The path's pattern says that it is one.
      const record = await catalog.records.get(call, type, id as RecordId);
      if (response.destroyed) return CALLER_GONE;
      return sendRecord(response, record, headers, known);
    } catch (error) {
      return sendProblem(response, error, { requestId: call.request, route: RECORD_ROUTE, headers, watch });
    }
  };

  return (request: ShortRequest, response: ShortResponse): boolean => {
    if (request.method !== 'GET') return false;
    const [, type, id] = PATH.exec(request.url ?? '') ?? [];
    if (type === undefined || id === undefined || LONG_TYPES.has(type)) return false;
    const admitted = admit(request);
    if (admitted === undefined) return false;
    void answer(admitted, { type, id, known: request.headers['if-none-match'] }, response).then((status) =>
      served(admitted.leave(), status),
    );
    return true;
  };
};

interface Asked {
  readonly type: string;
  readonly id: string;
  /** `If-None-Match`. */
  readonly known: string | undefined;
}

/** Returns the status. */
const sendRecord = (response: ShortResponse, record: CatalogRecord, admitted: readonly string[], known: string | undefined): number => {
  const { body, etag, headers } = recordAnswer(record);
  const all = [...admitted, ...headers];
  if (isKnown(known, etag)) {
    response.writeHead(304, all).end();
    return 304;
  }
  all.push('content-type', 'application/json; charset=utf-8', 'content-length', String(body.length));
  response.writeHead(200, all).end(body);
  return 200;
};
