import type { ServerResponse } from 'node:http';
import type { Logger } from '@sophia/observability';
import { SophiaError } from '@sophia/shared';
import type { FastifyInstance } from 'fastify';
import { PROBLEM_CONTENT_TYPE, type ProblemDocument, problemDocument } from './problem-document.ts';
import { setHeaders } from './respond.ts';

/** Every error leaves as a problem document; defects are logged whole. */
export const registerProblems = (app: FastifyInstance, logger: Logger): void => {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemDocument(error, request.id);
    logDefect(logger, error, problem, request.routeOptions.url);
    return setHeaders(reply.code(problem.status), problemHeaders(problem)).send(JSON.stringify(problem));
  });
  app.setNotFoundHandler((request) => {
    throw new SophiaError('not_found', `There is no ${request.method} ${request.url.split('?')[0]}; /docs lists the routes.`);
  });
};

/** The same answer without the framework. */
export const sendProblem = (
  response: ServerResponse,
  error: unknown,
  {
    requestId,
    route,
    headers,
    logger,
  }: { readonly requestId: string; readonly route: string; readonly headers: readonly string[]; readonly logger: Logger },
): ProblemDocument => {
  const problem = problemDocument(error, requestId);
  logDefect(logger, error, problem, route);
  const body = JSON.stringify(problem);
  if (!response.headersSent)
    response
      .writeHead(problem.status, [...headers, ...problemHeaders(problem), 'content-length', String(Buffer.byteLength(body))])
      .end(body);
  return problem;
};

const problemHeaders = ({ status, retry_after: retryAfter }: ProblemDocument): string[] => [
  'content-type',
  `${PROBLEM_CONTENT_TYPE}; charset=utf-8`,
  ...(retryAfter === undefined ? [] : ['retry-after', String(retryAfter)]),
  ...(status === 401 ? ['www-authenticate', 'Bearer'] : []),
];

const logDefect = (logger: Logger, error: unknown, { status, title, instance }: ProblemDocument, route: string | undefined): void => {
  if (status >= 500) logger.error({ err: error, request_id: instance, route }, title);
};
