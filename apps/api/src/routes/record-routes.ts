import { Readable } from 'node:stream';
import { type IdempotencyKey, type ListOptions, MAX_ROWS, type WriteTarget } from '@sophia/catalog';
import { SophiaError } from '@sophia/shared';
import type { CatalogRecord, JsonObject, RecordId } from '@sophia/types';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { isKnown } from '../server/entity-tags.ts';
import { registerStreamedTypes, STREAMED_TYPES } from '../server/parsers.ts';
import { recordAnswer, versionOfTag } from '../server/record-answer.ts';
import { setHeaders } from '../server/respond.ts';
import type { ApiServices } from '../services.ts';
import { toRow } from '../to-row.ts';
import { HistoryAnswerSchema } from './answers/event-answers.ts';
import { ErasedSchema, RecordSchema, RecordsAnswerSchema, RecordWriteAnswerSchema, RowsAnswerSchema } from './answers/record-answers.ts';
import { defineRoute } from './define-route.ts';
import { inPlace } from './imports/in-place.ts';
import { afterOf } from './metric-routes.ts';
import { parseFilter } from './parse-filter.ts';
import { registerRecordBody } from './record-body.ts';
import { AfterHeaders, AnyObject, IdempotencyHeaders, IN_HEAD } from './schemas.ts';
import { openStreamedItems, type StreamedRows } from './streamed-items.ts';

const TypeParams = Type.Object({ type: Type.String({ minLength: 1, maxLength: 100 }) });
const IdParams = Type.Object({ type: Type.String({ minLength: 1, maxLength: 100 }), id: Type.String({ pattern: '^[0-9]{1,19}$' }) });
const SourceQuery = Type.Object({ source_system: Type.String({ minLength: 1, maxLength: 100 }) });
const IF_MATCH = {
  'if-match': Type.Optional(
    Type.String({ description: 'The entity tag of the record, or its version as one, "3": 412 where the record has changed since' }),
  ),
};
const ReadHeaders = Type.Object({ ...AfterHeaders.properties, ...IF_MATCH });
const ChangeHeaders = Type.Object({ ...IdempotencyHeaders.properties, ...IF_MATCH });

const RECORDS = '/api/v1/records/deal';

export const registerRecordRoutes = async (app: FastifyInstance, services: ApiServices): Promise<void> => {
  // In a scope of its own: the bodies of other routes are parsed by the framework.
  await app.register(async (scope) => registerWriteRecords(scope, services));
  registerRecordById(app, services);
};

const registerWriteRecords = (app: FastifyInstance, { catalog, configuration }: ApiServices): void => {
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
    examples: [
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
    ],
    handle: async ({ raw, call, params, query }, reply) => {
      const target: WriteTarget = { recordType: params.type, sourceSystem: query.source_system };
      const idempotency = idempotencyOf(raw);
      const { body } = raw;
      const rows = streamedRowsOf(raw);
      if (rows !== undefined) {
        const options = { name: `POST /records/${params.type}`, kind: 'http', sourceSystem: target.sourceSystem, idempotency } as const;
        const report = await inPlace(catalog, call, async (place) => {
          const { items, assumed } = await openStreamedItems(rows, target, configuration.limits.importBytes);
          const running = await catalog.imports.start(call, { ...options, bytesTotal: contentLength(raw), assumed }, items, place);
          return running.finished;
        });
        const { id, token, created, updated, unchanged, stale, rejected, errors, assumed } = report;
        return tokenReply(reply, { token: token ?? '', created, updated, unchanged, stale, rejected, errors, import: id, assumed });
      }
      if (Array.isArray(body)) {
        return tokenReply(reply, await catalog.records.upsertMany(call, target, body.map(toRow), { idempotency }));
      }
      return tokenReply(reply, await catalog.records.upsert(call, target, toRow(body, 0), { idempotency }));
    },
  });
};

const registerRecordById = (app: FastifyInstance, { catalog }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/records/:type',
    operation: 'listRecords',
    summary: 'Records of a type, page by page',
    tag: 'records',
    params: TypeParams,
    headers: AfterHeaders,
    query: Type.Object({
      source_system: Type.Optional(Type.String({ maxLength: 100 })),
      source_id: Type.Optional(Type.String({ maxLength: 1000 })),
      filter: Type.Optional(Type.String({ maxLength: 16_384, description: `A filter as JSON, as in metric queries; ${IN_HEAD}` })),
      deleted: Type.Optional(Type.Enum(['exclude', 'include', 'only'])),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      cursor: Type.Optional(Type.String({ maxLength: 4000 })),
    }),
    responses: { 200: RecordsAnswerSchema },
    examples: [
      { summary: 'Two deals', path: `${RECORDS}?limit=2`, status: 200 },
      {
        summary: 'Won deals of more than 10,000',
        path: `${RECORDS}?limit=5&filter=${encodeURIComponent(
          JSON.stringify({
            and: [
              { field: 'status', operator: 'eq', values: ['won'] },
              { field: 'amount', operator: 'gt', values: ['10000'] },
            ],
          }),
        )}`,
        status: 200,
      },
    ],
    handle: async ({ raw, call, params, query }) => {
      const { source_system: sourceSystem, source_id: sourceId, filter, deleted, limit, cursor } = query;
      const options: ListOptions = {
        sourceSystem,
        sourceId,
        filter: filter === undefined ? undefined : parseFilter(filter),
        deleted,
        limit,
        cursor,
        after: afterOf(raw),
      };
      const page = await catalog.records.list(call, params.type, options);
      return { records: page.items, next_cursor: page.nextCursor };
    },
  });

  defineRoute(app, {
    method: 'GET',
    url: '/records/:type/:id',
    operation: 'getRecord',
    summary: 'One record, with ETag and 304',
    tag: 'records',
    params: IdParams,
    headers: ReadHeaders,
    responses: {
      200: RecordSchema,
      304: Type.Null({ description: 'The record has not changed, nor has what of it the caller sees' }),
    },
    examples: [{ summary: 'No such record', path: `${RECORDS}/1`, status: 404 }],
    handle: async ({ raw, call, params }, reply) => {
      const ifVersion = versionOf(raw);
      const record = await catalog.records.get(call, params.type, params.id as RecordId, { after: afterOf(raw) });
      if (ifVersion !== undefined) requireVersion(record, ifVersion);
      return sendRecord(raw, reply, record);
    },
  });

  defineRoute(app, {
    method: 'PATCH',
    url: '/records/:type/:id',
    operation: 'patchRecord',
    summary: 'Sets fields of a record; null clears one',
    description:
      'What the type does not know is set beside the fields or inside extra, member by member; extra: null clears all of it. ' +
      'What is no field, such as source_id or deleted, is refused with 422. ' +
      'occurred_at goes with what changes: alone it changes nothing. ' +
      'With If-Match and the entity tag of the record, or its version as one, it fails with 412 where the record has changed since.',
    tag: 'records',
    params: IdParams,
    headers: ChangeHeaders,
    body: AnyObject,
    responses: { 200: RecordWriteAnswerSchema },
    examples: [{ summary: 'No such record', path: `${RECORDS}/1`, body: { stage: 'Won' }, status: 404 }],
    handle: async ({ raw, call, params, body }, reply) =>
      tokenReply(
        reply,
        await catalog.records.patch(call, params.type, params.id as RecordId, body as JsonObject, {
          idempotency: idempotencyOf(raw),
          ifVersion: versionOf(raw),
        }),
      ),
  });

  defineRoute(app, {
    method: 'DELETE',
    url: '/records/:type/:id',
    operation: 'deleteRecord',
    summary: 'Deletes a record; its history stays',
    tag: 'records',
    params: IdParams,
    headers: ChangeHeaders,
    responses: { 200: RecordWriteAnswerSchema },
    examples: [{ summary: 'No such record', path: `${RECORDS}/1`, status: 404 }],
    handle: async ({ raw, call, params }, reply) =>
      tokenReply(
        reply,
        await catalog.records.delete(call, params.type, params.id as RecordId, {
          idempotency: idempotencyOf(raw),
          ifVersion: versionOf(raw),
        }),
      ),
  });

  defineRoute(app, {
    method: 'GET',
    url: '/records/:type/:id/history',
    operation: 'recordHistory',
    summary: 'Every version of a record, oldest first: what changed, when, by whom, from where',
    tag: 'records',
    params: IdParams,
    headers: AfterHeaders,
    query: Type.Object({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      cursor: Type.Optional(Type.String({ maxLength: 4000 })),
    }),
    responses: { 200: HistoryAnswerSchema },
    examples: [{ summary: 'No such record', path: `${RECORDS}/1/history`, status: 404 }],
    handle: async ({ raw, call, params, query }) => {
      const page = await catalog.records.history(call, params.type, params.id as RecordId, { ...query, after: afterOf(raw) });
      return { versions: page.items, next_cursor: page.nextCursor };
    },
  });

  defineRoute(app, {
    method: 'POST',
    url: '/records/:type/:id/erase',
    operation: 'eraseRecord',
    summary: 'Blanks one record’s data everywhere, for good; administrators only',
    tag: 'records',
    params: IdParams,
    body: Type.Object({ reason: Type.String({ minLength: 1, maxLength: 1000 }) }, { additionalProperties: false }),
    responses: { 200: ErasedSchema },
    examples: [{ summary: 'No such record', path: `${RECORDS}/1/erase`, body: { reason: 'asked by the person' }, status: 404 }],
    handle: ({ call, params, body }) => catalog.records.erase(call, params.type, params.id as RecordId, body.reason),
  });
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

export const idempotencyOf = (request: FastifyRequest): IdempotencyKey | undefined => {
  const key = request.headers['idempotency-key'];
  return typeof key === 'string' ? { route: `${request.method} ${request.url}`, key } : undefined;
};

const versionOf = (request: FastifyRequest): number | undefined => {
  const tag = request.headers['if-match'];
  if (tag === undefined) return undefined;
  const version = versionOfTag(tag);
  if (version !== undefined) return version;
  throw new SophiaError('invalid_request', `If-Match takes the entity tag of a record, or its version as one, "3", not ${tag}.`);
};

/** Errors: `version_conflict`. */
const requireVersion = ({ record_type: type, id, version }: CatalogRecord, expected: number): void => {
  if (version === expected) return;
  throw new SophiaError('version_conflict', `The ${type} ${id} has version ${version}, not ${expected}.`, {
    details: { version, expected },
  });
};

const sendRecord = (request: FastifyRequest, reply: FastifyReply, record: CatalogRecord): FastifyReply => {
  const { body, etag, headers } = recordAnswer(record);
  setHeaders(reply, headers);
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
  return reply.type('application/json; charset=utf-8').send(body);
};

const tokenReply = <Answer extends { readonly token: string }>(reply: FastifyReply, answer: Answer) =>
  reply.header('sophia-token', answer.token).send(answer);
