import type { Logger } from '@sophia/observability';
import { SophiaError } from '@sophia/shared';
import type { FastifyInstance } from 'fastify';
import { PROBLEM_CONTENT_TYPE, problemDocument } from './problem-document.ts';

/** Every error leaves as a problem document; defects are logged whole. */
export const registerProblems = (app: FastifyInstance, logger: Logger): void => {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemDocument(error, request.id);
    if (problem.status >= 500) logger.error({ err: error, request_id: request.id, route: request.routeOptions.url }, problem.title);
    if (problem.retry_after !== undefined) reply.header('retry-after', String(problem.retry_after));
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    return reply.code(problem.status).type(PROBLEM_CONTENT_TYPE).send(JSON.stringify(problem));
  });
  app.setNotFoundHandler((request) => {
    throw new SophiaError('not_found', `There is no ${request.method} ${request.url.split('?')[0]}; /docs lists the routes.`);
  });
};
