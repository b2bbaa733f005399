import type { JsonObject, RecordId } from '@sophia/types';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { sendWritten } from '../server/respond.ts';
import type { ApiServices } from '../services.ts';
import { ErasedSchema, RecordWriteAnswerSchema } from './answers/record-answers.ts';
import { defineRoute } from './define-route.ts';
import { IdParams, IF_MATCH, RECORDS } from './record-parameters.ts';
import { idempotencyOf, versionOf } from './request-headers.ts';
import { AnyObject, IdempotencyHeaders } from './schemas.ts';

export const registerChangeRecordRoutes = (app: FastifyInstance, services: ApiServices): void => {
  registerPatch(app, services);
  registerDelete(app, services);
  registerErase(app, services);
};

const ChangeHeaders = Type.Object({ ...IdempotencyHeaders.properties, ...IF_MATCH });

const registerPatch = (app: FastifyInstance, { catalog }: ApiServices): void => {
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
    sends: { 'sophia-token': 'always' },
    examples: [{ summary: 'No such record', path: `${RECORDS}/1`, body: { stage: 'Won' }, status: 404 }],
    handle: async ({ raw, call, params, body }, reply) =>
      sendWritten(
        reply,
        await catalog.records.patch(call, params.type, params.id as RecordId, body as JsonObject, {
          idempotency: idempotencyOf(raw),
          ifVersion: versionOf(raw),
        }),
      ),
  });
};

const registerDelete = (app: FastifyInstance, { catalog }: ApiServices): void => {
  defineRoute(app, {
    method: 'DELETE',
    url: '/records/:type/:id',
    operation: 'deleteRecord',
    summary: 'Deletes a record; its history stays',
    tag: 'records',
    params: IdParams,
    headers: ChangeHeaders,
    responses: { 200: RecordWriteAnswerSchema },
    sends: { 'sophia-token': 'always' },
    examples: [{ summary: 'No such record', path: `${RECORDS}/1`, status: 404 }],
    handle: async ({ raw, call, params }, reply) =>
      sendWritten(
        reply,
        await catalog.records.delete(call, params.type, params.id as RecordId, {
          idempotency: idempotencyOf(raw),
          ifVersion: versionOf(raw),
        }),
      ),
  });
};

const registerErase = (app: FastifyInstance, { catalog }: ApiServices): void => {
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
