import type { Observability } from '@sophia/observability';
import { isSophiaError, SophiaError } from '@sophia/shared';
import { errorCodes, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { PROBLEM_CONTENT_TYPE, type ProblemDocument, problemDocument } from './problem-document.ts';
import { setHeaders } from './respond.ts';
import type { ShortResponse } from './short-request.ts';

/** Told of each error that a problem document was made of, and of whether there is anybody to answer it to. */
export type ProblemWatch = (
  error: unknown,
  problem: ProblemDocument,
  route: string | undefined,
  response: { readonly destroyed: boolean },
) => void;

/** What metrics say instead of a status where the caller has gone before there was an answer, as it is usual. */
export const CALLER_GONE = 499;

/**
 * Counts problems by their code, and logs defects whole. What a caller or the load made is no defect: a line with a
 * stack for each refused request would make an overload worse.
 */
export const watchProblems = ({ logger, metrics }: Pick<Observability, 'logger' | 'metrics'>): ProblemWatch => {
  const answered = metrics.counter({
    name: 'sophia_http_problems_total',
    help: 'Requests answered with a problem document, by its code.',
    labels: ['code'],
  });
  return (error, { status, code, title, detail, instance }, route, { destroyed }) => {
    if (!destroyed) answered.with({ code }).add();
    if (status === 500) logger.error({ err: error, request_id: instance, route }, title);
    else logger.debug({ code, detail, request_id: instance, route }, title);
  };
};

/** Every error leaves as a problem document. */
export const registerProblems = (app: FastifyInstance, watch: ProblemWatch): void => {
  const routes: KnownRoute[] = [];
  app.addHook('onRoute', ({ method, url }) => void routes.push({ methods: [method].flat(), parts: url.split('/') }));
  app.setErrorHandler((thrown, request, reply) => answer(toldOf(thrown, request, routes), request, reply, watch));
  app.setNotFoundHandler((request) => {
    throw notThere(request, routes);
  });
};

/** For addresses that the framework's router cannot read, to which no hook and no handler comes. */
export const answerFrameworkErrors =
  (watch: ProblemWatch, headers: Readonly<Record<string, string>>) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const isLong = error instanceof errorCodes.FST_ERR_MAX_PARAM_LENGTH;
    const detail = isLong ? 'A part of the path is too long.' : 'The path is not encoded as UTF-8 in percents.';
    void answer(
      new SophiaError('invalid_request', detail, { cause: error }),
      request,
      reply.headers({ ...headers, 'x-request-id': request.id }),
      watch,
    );
  };

const answer = (error: unknown, request: FastifyRequest, reply: FastifyReply, watch: ProblemWatch): FastifyReply => {
  const problem = problemDocument(error, request.id);
  watch(error, problem, request.routeOptions.url, reply.raw);
  if (problem.status >= 500) request.trace?.setAttribute('error.type', problem.code);
  return setHeaders(reply.code(problem.status), problemHeaders(problem)).send(JSON.stringify(problem));
};

interface KnownRoute {
  readonly methods: readonly string[];
  /** Between slashes; `:parameters` stand for any. */
  readonly parts: readonly string[];
}

const isAt = ({ parts }: KnownRoute, path: readonly string[]): boolean =>
  parts.length === path.length && parts.every((part, index) => part.startsWith(':') || part === path[index]);

const countParameters = ({ parts }: KnownRoute): number => parts.filter((part) => part.startsWith(':')).length;

/** What the framework does not tell: of a body that no parser takes, what the route takes; and that one ended early is no defect. */
const toldOf = (error: unknown, request: FastifyRequest, routes: readonly KnownRoute[]): unknown => {
  if (isSophiaError(error)) return error;
  if (error === request.raw.errored) return new SophiaError('invalid_request', 'The sender went away before the end of the body.');
  if (!(error instanceof errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE)) return error;
  if (request.is404) return notThere(request, routes);
  const { method, headers, routeOptions } = request;
  const sent = headers['content-type'] === undefined ? 'a body without a Content-Type' : headers['content-type'];
  const taken = routeOptions.schema?.consumes ?? ['application/json'];
  return new SophiaError('unsupported_media_type', `${method} ${routeOptions.url} takes ${taken.join(', ')}, not ${sent}.`);
};

const notThere = ({ method, url }: FastifyRequest, routes: readonly KnownRoute[]): SophiaError => {
  const path = url.replace(/\?.*/s, '');
  const parts = path.split('/');
  const there = routes.filter((route) => isAt(route, parts));
  // Where a route has the path by name, others would take a part of it for an id, which it is not.
  const fewest = Math.min(...there.map(countParameters));
  const named = there.filter((route) => countParameters(route) === fewest);
  const allow = [...new Set(named.flatMap(({ methods }) => methods))].sort();
  if (allow.length === 0) return new SophiaError('not_found', `There is no ${method} ${path}; /docs lists the routes.`);
  return new SophiaError('method_not_allowed', `${path} takes ${allow.join(', ')}, not ${method}.`, { details: { allow } });
};

/** The same answer without the framework; returns its status, or `CALLER_GONE`. */
export const sendProblem = (
  response: ShortResponse,
  error: unknown,
  {
    requestId,
    route,
    headers,
    watch,
  }: { readonly requestId: string; readonly route: string; readonly headers: readonly string[]; readonly watch: ProblemWatch },
): number => {
  const problem = problemDocument(error, requestId);
  watch(error, problem, route, response);
  const body = JSON.stringify(problem);
  if (response.destroyed) return CALLER_GONE;
  if (!response.headersSent)
    response
      .writeHead(problem.status, [...headers, ...problemHeaders(problem), 'content-length', String(Buffer.byteLength(body))])
      .end(body);
  return problem.status;
};

const problemHeaders = ({ status, retry_after: retryAfter, code, allow }: ProblemDocument): string[] => [
  'content-type',
  `${PROBLEM_CONTENT_TYPE}; charset=utf-8`,
  ...(retryAfter === undefined ? [] : ['retry-after', String(retryAfter)]),
  ...(code === 'method_not_allowed' ? ['allow', String(allow).replaceAll(',', ', ')] : []),
  ...(status === 401 ? ['www-authenticate', 'Bearer'] : []),
];
