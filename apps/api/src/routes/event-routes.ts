import type { EventKind, Position } from '@sophia/types';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiServices } from '../services.ts';
import { EventsAnswerSchema } from './answers/event-answers.ts';
import { defineRoute } from './define-route.ts';

export const registerEventRoutes = (app: FastifyInstance, { catalog }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/events',
    operation: 'listEvents',
    summary: 'Events of the workspace after a cursor, in their order, none missed and none twice',
    description:
      'A page may hold fewer events than its limit, or none, and the log go on behind it: events that are filtered out or that the caller ' +
      'may not see count among those that were looked at, and at about 8 MB of them it ends. Read on from `cursor` while `more` is true. ' +
      'Events of no record, as that an import has ended, are for whoever may read or write records of some type one by one, or administers.',
    tag: 'events',
    query: Type.Object({
      after: Type.Optional(Type.String({ maxLength: 200, description: 'The cursor of the page before; the beginning unless told' })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      kind: Type.Optional(Type.String({ maxLength: 500, description: 'Kinds, separated by commas' })),
      record_type: Type.Optional(Type.String({ maxLength: 500, description: 'Record types, separated by commas' })),
    }),
    responses: { 200: EventsAnswerSchema },
    examples: [
      { summary: 'The first ten events', path: '/api/v1/events?limit=10', status: 200 },
      { summary: 'A cursor of another log', path: '/api/v1/events?after=zzzzzz.1.0', status: 410 },
    ],
    handle: async ({ call, query: { after, limit, kind, record_type } }) => {
      const page = await catalog.events(call, {
        // The log checks the cursor, and the kinds are compared, never run.
        after: after as Position | undefined,
        limit,
        kinds: kind?.split(',') as EventKind[] | undefined,
        recordTypes: record_type?.split(','),
      });
      return { events: page.events, cursor: page.cursor, more: page.more, complete_to: page.completeTo };
    },
  });
};
