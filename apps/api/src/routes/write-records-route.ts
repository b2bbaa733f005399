import { Readable } from 'node:stream';
import { MAX_ROWS, type WriteTarget } from '@sophia/catalog';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { registerStreamedTypes, STREAMED_TYPES } from '../server/parsers.ts';
import { sendWritten } from '../server/respond.ts';
import type { ApiServices } from '../services.ts';
import { toRow } from '../to-row.ts';
import { RowsAnswerSchema } from './answers/record-answers.ts';
import { defineRoute, type RouteExample } from './define-route.ts';
import { inPlace, unlessStopped } from './imports/in-place.ts';
import { registerRecordBody } from './record-body.ts';
import { RECORDS, TypeParams } from './record-parameters.ts';
import { idempotencyOf } from './request-headers.ts';
import { IdempotencyHeaders } from './schemas.ts';
import { openStreamedItems, type StreamedRows } from './streamed-items.ts';

const SourceQuery = Type.Object({ source_system: Type.String({ minLength: 1, maxLength: 100 }) });

const EXAMPLES: readonly RouteExample[] = [
  {
    summary: 'One deal',
    path: `${RECORDS}?source_system=example`,
    body: { source_id: 'D-1', name: 'First deal', status: 'open', amount: '1200.50', currency: 'EUR' },
    status: 200,
  },
  {
    summary: 'An amount with too many digits',
    path: `${RECORDS}?source_system=example`,
    body: { source_id: 'D-2', amount: '0.123456' },
    status: 422,
  },
  {
    summary: 'Two deals as NDJSON',
    path: `${RECORDS}?source_system=example`,
    headers: { 'content-type': 'application/x-ndjson' },
    body: '{"source_id":"D-3","status":"won"}\n{"source_id":"D-4","status":"lost"}\n',
    status: 200,
  },
  {
    summary: 'Two deals as CSV',
    path: `${RECORDS}?source_system=example`,
    headers: { 'content-type': 'text/csv' },
    body: 'source_id,status\nD-5,won\nD-6,lost\n',
    status: 200,
  },
  {
    summary: 'Two deals as TSV',
    path: `${RECORDS}?source_system=example`,
    headers: { 'content-type': 'text/tab-separated-values' },
    body: 'source_id\tstatus\nD-7\twon\nD-8\tlost\n',
    status: 200,
  },
];

/** Takes rows, in a scope of its own: the bodies of other routes are parsed by the framework. */
export const registerWriteRecords = (app: FastifyInstance, services: ApiServices): void => {
  const { configuration } = services;
  registerRecordBody(app, configuration.limits.bodyBytes);
  registerStreamedTypes(app);
  defineRoute(app, {
    method: 'POST',
    url: '/records/:type',
    operation: 'writeRecords',
    summary: 'Creates or changes records: one object, an array, or a stream of NDJSON or CSV',
    description:
      'A row has the fields of its type at its top level, with source_id and, where the source has them, occurred_at and source_version; a row with deleted: true deletes its record. ' +
      'What a record masks for the caller it keeps where the row gives null or nothing for it. ' +
      'One object that is rejected answers 422; among several, rejected rows are counted and kept in the dead letters. ' +
      `An array of more than ${MAX_ROWS} rows, or longer than the body limit, is read as it comes and written like NDJSON. ` +
      'The encoding of NDJSON, CSV and TSV is the `charset` of their content type, that of JSON UTF-8; where none is told it is found out, and what was assumed stands in the answer.',
    tag: 'records',
    params: TypeParams,
    query: SourceQuery,
    headers: IdempotencyHeaders,
    body: Type.Unknown(),
    checksBody: true,
    consumes: STREAMED_TYPES,
    bodyLimit: configuration.limits.bodyBytes,
    responses: { 200: RowsAnswerSchema },
    sends: { 'sophia-token': 'always' },
    examples: EXAMPLES,
    handle: async ({ raw, params, query }, reply) => {
      const target: WriteTarget = { recordType: params.type, sourceSystem: query.source_system };
      const rows = streamedRowsOf(raw);
      const answer = rows === undefined ? await writeAtOnce(services, raw, target) : await writeAsImport(services, raw, target, rows);
      return sendWritten(reply, answer);
    },
  });
};

/** One row, or few enough for one transaction. */
const writeAtOnce = ({ catalog: { records } }: ApiServices, request: FastifyRequest, target: WriteTarget) => {
  const { body } = request;
  const options = { idempotency: idempotencyOf(request) };
  return Array.isArray(body)
    ? records.upsertMany(request.call(), target, body.map(toRow), options)
    : records.upsert(request.call(), target, toRow(body, 0), options);
};

const writeAsImport = async (services: ApiServices, request: FastifyRequest, target: WriteTarget, rows: StreamedRows) => {
  const { catalog, configuration } = services;
  const { recordType, sourceSystem } = target;
  const idempotency = idempotencyOf(request);
  const options = { name: `POST /records/${recordType}`, kind: 'http', sourceSystem, idempotency } as const;
  const call = request.call();
  const report = await inPlace(catalog, call, async (place) => {
    const { items, assumed } = await unlessStopped(place, () => openStreamedItems(rows, target, configuration.limits.importBytes));
    const running = await catalog.imports.start(call, { ...options, bytesTotal: contentLength(request), assumed }, items, place);
    return running.finished;
  });
  const { id, token, created, updated, unchanged, stale, rejected, errors, assumed } = report;
  return { token: token ?? '', created, updated, unchanged, stale, rejected, errors, import: id, assumed };
};

/** The rows as a stream, unless they are few enough for one transaction. */
const streamedRowsOf = ({ body, headers }: FastifyRequest): StreamedRows | undefined => {
  // Without a content type a body is no stream.
  if (body instanceof Readable) return { stream: body, contentType: `${headers['content-type']}` };
  if (!Array.isArray(body) || body.length <= MAX_ROWS) return undefined;
  return { stream: Readable.from([Buffer.from(JSON.stringify(body))]), contentType: 'application/json' };
};

const contentLength = (request: FastifyRequest): number | undefined => {
  const length = Number(request.headers['content-length']);
  return Number.isFinite(length) && request.headers['content-encoding'] === undefined ? length : undefined;
};
