import type { IncomingMessage } from 'node:http';
import type { Allowance } from '@sophia/auth';
import type { Histogram, Metric, RequestTrace } from '@sophia/observability';
import { type LoadShedder, SophiaError } from '@sophia/shared';
import type { Call, Principal } from '@sophia/types';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiServices } from '../services.ts';
import { CALLER_GONE } from './problems.ts';
import { allowanceHeaders, requireAllowance } from './rate-limit.ts';
import { setHeaders } from './respond.ts';
import type { ShortRequest } from './short-request.ts';

/** Pages of the documents' plugin, open as the documents themselves. */
const DOCUMENTS = '/docs';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Open to everyone: health, documents, metrics of the process. */
    readonly public?: boolean;
    /** Milliseconds for the whole request, where it is not the usual limit; imports take as long as they take. */
    readonly deadline?: number;
  }
  interface FastifyRequest {
    principal: Principal | undefined;
    abort: AbortController | undefined;
    trace: RequestTrace | undefined;
  }
}

export interface RequestContextOptions {
  readonly services: ApiServices;
  readonly taken: WeakMap<ShortRequest, Allowance>;
  readonly shedder: LoadShedder;
  readonly durations: Metric<'route' | 'method' | 'status', Histogram>;
  readonly isAdminRequest: (request: IncomingMessage) => boolean;
}

/** Who asks, in which trace, for how long, and whether there is room: settled before any handler runs. */
export const registerRequestContext = (app: FastifyInstance, options: RequestContextOptions): void => {
  const { services, taken, shedder, durations, isAdminRequest } = options;
  const { authentication, observability, configuration } = services;
  app.decorateRequest('principal', undefined);
  app.decorateRequest('abort', undefined);
  app.decorateRequest('trace', undefined);

  const tellEnd = (request: FastifyRequest, reply: FastifyReply, status: number): void => {
    const route = request.routeOptions.url ?? 'unknown';
    durations.with({ route, method: request.method, status: String(status) }).observe(reply.elapsedTime / 1000);
    // What is answered before a trace begins, as the question of a browser whether it may call, has none.
    request.trace?.setAttribute('http.response.status_code', status);
    if (status >= 500) request.trace?.fail();
    request.trace?.end();
  };

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    const { method, routeOptions } = request;
    const trace = observability.tracer.startRequest({
      name: routeOptions.url === undefined ? method : `${method} ${routeOptions.url}`,
      requestId: request.id,
      traceparent: headerOf(request, 'traceparent'),
      tracestate: headerOf(request, 'tracestate'),
      attributes: observability.tracer.enabled ? attributesOf(request) : undefined,
    });
    request.trace = trace;
    trace.run(done);
  });

  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.public === true || request.is404 || request.url.startsWith(DOCUMENTS)) return;
    const workspace = headerOf(request, 'sophia-workspace');
    const { authorization } = request.headers;
    const known = authorization === undefined || workspace !== undefined ? undefined : authentication.peek(authorization);
    // Those whose credentials are still to be verified are one party.
    shedder.enter(known?.id);
    const abort = new AbortController();
    request.abort = abort;
    // However the answer ends: a caller who goes before it is there is no response of the framework's.
    reply.raw.once('close', () => {
      shedder.leave(known?.id);
      if (reply.raw.writableFinished) return;
      tellEnd(request, reply, CALLER_GONE);
      abort.abort(new SophiaError('deadline_exceeded', 'The caller has gone.'));
    });
    if (isAdminRequest(request.raw)) {
      request.principal = await authentication.administrator(workspace);
      return;
    }
    request.principal =
      known ?? (await authentication.authenticate(authorization, workspace, { via: 'rest', request: request.id, address: request.ip }));
    const allowance = taken.get(request.raw) ?? authentication.takeAllowance(request.principal);
    setHeaders(reply, allowanceHeaders(allowance));
    requireAllowance(allowance);
  });

  app.addHook('onResponse', (request, reply, done) => {
    tellEnd(request, reply, reply.statusCode);
    done();
  });

  const limit = configuration.limits.requestMilliseconds;
  app.decorateRequest('call', function (this: FastifyRequest): Call {
    const { principal } = this;
    if (principal === undefined) throw new SophiaError('unauthenticated', 'This route needs a key or a token.');
    const deadline = this.routeOptions.config.deadline ?? limit;
    return { principal, via: viaOf(this, isAdminRequest), request: this.id, address: this.ip, deadline, signal: this.abort?.signal };
  });
};

declare module 'fastify' {
  interface FastifyRequest {
    /** This request as a call of a service. */
    call(): Call;
  }
}

/** By OpenTelemetry's conventions for servers of HTTP; without parameters, which may hold names and values. */
const attributesOf = ({ method, protocol, url, routeOptions }: FastifyRequest) => ({
  'http.request.method': method,
  'url.scheme': protocol,
  'url.path': url.replace(/\?.*/s, ''),
  ...(routeOptions.url === undefined ? {} : { 'http.route': routeOptions.url }),
});

/** The command line talks through the admin socket. */
const viaOf = (request: FastifyRequest, isAdminRequest: (request: IncomingMessage) => boolean): Call['via'] =>
  isAdminRequest(request.raw) ? 'command_line' : 'rest';

const headerOf = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
};
