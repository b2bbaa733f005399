import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiServices } from '../services.ts';
import { defineRoute } from './define-route.ts';
import { AnyObject } from './schemas.ts';

export const registerProjectionRoutes = (app: FastifyInstance, { analytics }: ApiServices): void => {
  defineRoute(app, {
    method: 'POST',
    url: '/projections/warehouse/rebuild',
    operation: 'rebuildWarehouse',
    summary: 'Makes the warehouse anew from the log beside the one in use, compares every table, and switches',
    tag: 'administration',
    deadline: 24 * 3_600_000,
    responses: { 200: AnyObject },
    examples: [{ summary: 'Rebuild', path: '/api/v1/projections/warehouse/rebuild', status: 200 }],
    handle: ({ call }) => analytics.rebuild(call),
  });
};
