import type { ListOptions } from '@sophia/catalog';
import { SophiaError } from '@sophia/shared';
import type { CatalogRecord, RecordId } from '@sophia/types';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { isKnown } from '../server/entity-tags.ts';
import { recordAnswer } from '../server/record-answer.ts';
import { setHeaders } from '../server/respond.ts';
import type { ApiServices } from '../services.ts';
import { HistoryAnswerSchema } from './answers/event-answers.ts';
import { RecordSchema, RecordsAnswerSchema } from './answers/record-answers.ts';
import { defineRoute } from './define-route.ts';
import { parseFilter } from './parse-filter.ts';
import { IdParams, IF_MATCH, RECORDS, TypeParams } from './record-parameters.ts';
import { afterOf, versionOf } from './request-headers.ts';
import { AfterHeaders, IN_HEAD } from './schemas.ts';

export const registerReadRecordRoutes = (app: FastifyInstance, services: ApiServices): void => {
  registerList(app, services);
  registerGet(app, services);
  registerHistory(app, services);
};

const registerList = (app: FastifyInstance, { catalog }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/records/:type',
    operation: 'listRecords',
    summary: 'Records of a type, page by page',
    description:
      'Of records that are chosen by a filter or as deleted, or of which the caller sees some, a page looks at 100,000 at most: it may have ' +
      'fewer than its limit, or none, and still a `next_cursor`.',
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
};

const ReadHeaders = Type.Object({ ...AfterHeaders.properties, ...IF_MATCH });

const registerGet = (app: FastifyInstance, { catalog }: ApiServices): void => {
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
    sends: { etag: 'always' },
    examples: [{ summary: 'No such record', path: `${RECORDS}/1`, status: 404 }],
    handle: async ({ raw, call, params }, reply) => {
      const ifVersion = versionOf(raw);
      const record = await catalog.records.get(call, params.type, params.id as RecordId, { after: afterOf(raw) });
      if (ifVersion !== undefined) requireVersion(record, ifVersion);
      return sendRecord(raw, reply, record);
    },
  });
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

const registerHistory = (app: FastifyInstance, { catalog }: ApiServices): void => {
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
};
