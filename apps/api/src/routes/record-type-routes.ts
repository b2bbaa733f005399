import { recordTypeToJsonSchema } from '@sophia/core';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiServices } from '../services.ts';
import { DefinedRecordTypeSchema, RecordTypeAnswerSchema, RecordTypesAnswerSchema } from './answers/record-type-answers.ts';
import { defineRoute } from './define-route.ts';
import { AnyObject } from './schemas.ts';

const NameParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 100 }) });

export const registerRecordTypeRoutes = (app: FastifyInstance, { catalog }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/record-types',
    operation: 'listRecordTypes',
    summary: 'Record types of the workspace: built-in ones and its own',
    tag: 'record types',
    responses: { 200: RecordTypesAnswerSchema },
    examples: [{ summary: 'All types', path: '/api/v1/record-types', status: 200 }],
    handle: async ({ call }) => ({ record_types: await catalog.recordTypes.list(call) }),
  });

  defineRoute(app, {
    method: 'GET',
    url: '/record-types/:name',
    operation: 'getRecordType',
    summary: 'One record type, with its JSON Schema',
    tag: 'record types',
    params: NameParams,
    responses: { 200: RecordTypeAnswerSchema },
    examples: [{ summary: 'Deals', path: '/api/v1/record-types/deal', status: 200 }],
    handle: async ({ call, params }) => {
      const definition = await catalog.recordTypes.get(call, params.name);
      return { ...definition, schema: recordTypeToJsonSchema(definition) };
    },
  });

  defineRoute(app, {
    method: 'PUT',
    url: '/record-types/:name',
    operation: 'defineRecordType',
    summary: 'Defines a record type by JSON Schema, alters one, or adds fields to a built-in one',
    tag: 'record types',
    params: NameParams,
    body: AnyObject,
    responses: { 200: DefinedRecordTypeSchema },
    sends: { 'sophia-token': 'always' },
    examples: [
      {
        summary: 'A type for tickets',
        path: '/api/v1/record-types/ticket',
        body: {
          type: 'object',
          properties: { subject: { type: 'string' }, opened_on: { type: 'string', format: 'date' }, hours: { type: 'number' } },
        },
        status: 200,
      },
    ],
    handle: async ({ call, params, body }, reply) => {
      const { definition, token } = await catalog.recordTypes.define(call, params.name, body);
      return reply.header('sophia-token', token).send({ ...definition, token });
    },
  });
};
