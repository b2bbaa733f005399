import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import compress from '@fastify/compress';
import cors from '@fastify/cors';
import type { Allowance } from '@sophia/auth';
import { createIdGenerator, createLoadShedder, systemClock } from '@sophia/shared';
import Fastify, { type FastifyInstance } from 'fastify';
import type { RouteExample } from '../routes/define-route.ts';
import type { ApiServices } from '../services.ts';
import { createAdmission } from './admission.ts';
import { registerBodyLimits } from './body-limits.ts';
import { createHotPath } from './hot-path.ts';
import { registerParsers } from './parsers.ts';
import { registerProblems, watchProblems } from './problems.ts';
import { createRecordPath, RECORD_ROUTE } from './record-path.ts';
import { registerRequestContext } from './request-context.ts';
import { securityHeaders } from './security-headers.ts';
import { createShortConnections, type ShortConnections } from './short-connections.ts';
import type { ShortRequest } from './short-request.ts';
import { createWritePath, WRITE_ROUTE } from './write-path.ts';

/** The HTTP server: its routes are registered by `register`, before it listens. */
export interface ApiServer {
  readonly app: FastifyInstance;
  /** Every route of the interface with its examples, as documented. */
  readonly routes: readonly ApiRoute[];
  /** Listens for everyone; resolves to the address, `http://host:port`. */
  listen(): Promise<string>;
  /** Listens on a socket for the owner of the data folder, who is an administrator there without a key. */
  listenAdmin(path: string): Promise<void>;
  /** Takes no new requests, lets those in hand finish. */
  close(): Promise<void>;
}

export interface ApiRoute {
  readonly method: string;
  readonly url: string;
  readonly examples: readonly RouteExample[];
}

/** Sockets of the admin listener: who comes through them has the rights of the data folder's owner. */
const adminSockets = new WeakSet<object>();
const isAdminRequest = (request: IncomingMessage): boolean => adminSockets.has(request.socket);

/** How long a body may take is looked after by what reads it; a connection whose other end is gone is noticed. */
const SERVER = { keepAliveTimeout: 65_000, headersTimeout: 20_000, requestTimeout: 0, keepAlive: true, keepAliveInitialDelay: 60_000 };
/** What most requests on the short ways ask for. */
const SHORT_PATHS = /^\/api\/v1\/(?:metrics\/query\?|records\/)/;
const BODY_IDLE_MS = 60_000;
const BODY_REST_MS = 10_000;

export const createApiServer = async (
  services: ApiServices,
  register: (app: FastifyInstance, services: ApiServices) => Promise<void> | void,
): Promise<ApiServer> => {
  const { configuration, observability } = services;
  const newRequestId = createIdGenerator({ clock: systemClock });
  const taken = new WeakMap<ShortRequest, Allowance>();
  /** The same of the request with which a connection is handed over. */
  const takenOnConnection = new WeakMap<object, Allowance>();
  const durations = observability.metrics.histogram({
    name: 'sophia_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer.',
    labels: ['route', 'method', 'status'],
  });
  const hotDurations = {
    200: durations.with({ route: '/api/v1/metrics/query', method: 'GET', status: '200' }),
    304: durations.with({ route: '/api/v1/metrics/query', method: 'GET', status: '304' }),
  };
  const hotPath = createHotPath({
    analytics: services.analytics,
    authentication: services.authentication,
    taken,
    newRequestId,
    clock: systemClock,
    served: (seconds, status) => hotDurations[status].observe(seconds),
  });
  const shedder = createLoadShedder({
    maximumConcurrency: configuration.limits.concurrency,
    maximumDelay: configuration.limits.eventLoopDelay,
    delay: observability.eventLoopDelay,
  });
  const admit = createAdmission({
    authentication: services.authentication,
    taken,
    newRequestId,
    shedder,
    deadline: configuration.limits.requestMilliseconds,
    clock: systemClock,
  });
  const { catalog } = services;
  const watch = watchProblems(observability);
  const recordPath = createRecordPath({
    catalog,
    admit,
    watch,
    served: (seconds, status) => durations.with({ route: RECORD_ROUTE, method: 'GET', status: String(status) }).observe(seconds),
  });
  // A trace of every request is asked for: the ordinary way makes it.
  const isTraced = observability.tracer.enabled;
  // Behind a proxy the caller's address is told in headers, which the ordinary way reads.
  const isProxied = configuration.trustedProxies.length > 0;
  const mayTakeShortPaths = !isTraced && !isProxied;

  let adminServer: Server | undefined;
  let shortConnections: ShortConnections | undefined;
  const app = Fastify({
    logger: false,
    genReqId: newRequestId,
    bodyLimit: configuration.limits.bodyBytes,
    trustProxy: configuration.trustedProxies.length === 0 ? false : [...configuration.trustedProxies],
    requestTimeout: 0,
    connectionTimeout: 0,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 500 },
    ajv: { customOptions: { coerceTypes: true, removeAdditional: false, allErrors: true, strict: false } },
    serverFactory: (handler) => {
      const writePath = createWritePath({
        catalog,
        admit,
        ordinary: handler,
        watch,
        served: (seconds, status) => durations.with({ route: WRITE_ROUTE, method: 'POST', status: String(status) }).observe(seconds),
      });
      const listener = (request: IncomingMessage, response: ServerResponse): void => {
        shortConnections?.begun(request, response);
        const allowance = takenOnConnection.get(request.socket);
        if (allowance !== undefined) {
          takenOnConnection.delete(request.socket);
          taken.set(request, allowance);
          return handler(request, response);
        }
        const isServed =
          mayTakeShortPaths && (hotPath(request, response) || recordPath(request, response) || writePath.await(request, response));
        if (!isServed) handler(request, response);
      };
      adminServer = createServer(SERVER, handler);
      adminServer.on('connection', (socket) => adminSockets.add(socket));
      const server = createServer(SERVER, listener);
      if (!mayTakeShortPaths) return server;
      // What node:http does with a connection, it does when it is given one.
      const ordinary = server.listeners('connection');
      server.removeAllListeners('connection');
      shortConnections = createShortConnections({
        serve: (request, response) => hotPath(request, response) || recordPath(request, response) || writePath.take(request, response),
        isException: ({ url }) => SHORT_PATHS.test(url ?? ''),
        handOver(connection, request) {
          const allowance = request && taken.get(request);
          if (allowance !== undefined) takenOnConnection.set(connection, allowance);
          for (const listen of ordinary) listen.call(server, connection);
        },
        clock: systemClock,
        keepAlive: SERVER.keepAliveTimeout,
        first: SERVER.headersTimeout,
      });
      return server.on('connection', shortConnections.accept);
    },
  });

  const routes: ApiRoute[] = [];
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.examples !== undefined && typeof method === 'string' && method !== 'HEAD')
      routes.push({ method, url, examples: config.examples });
  });
  const headers = securityHeaders();
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
  // A browser asks before it calls, without a key: that is answered before anything is asked of it.
  if (configuration.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: [...configuration.corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: ['etag', 'sophia-complete-to', 'sophia-position', 'sophia-token', 'ratelimit', 'x-request-id'],
    });
  }
  registerProblems(app, watch);
  registerParsers(app);
  registerRequestContext(app, { services, taken, shedder, durations, isAdminRequest });
  registerBodyLimits(app, {
    wholeMilliseconds: configuration.limits.requestMilliseconds,
    wholeBytes: configuration.limits.bodyBytes,
    idleMilliseconds: services.bodyIdleMilliseconds ?? BODY_IDLE_MS,
    restMilliseconds: services.bodyRestMilliseconds ?? BODY_REST_MS,
    isAdminRequest,
  });
  await app.register(compress, { threshold: 1024, encodings: ['zstd', 'br', 'gzip'] });
  await register(app, services);
  await app.ready();

  return {
    app,
    routes,
    listen: () => app.listen({ host: configuration.host, port: configuration.port }),
    async listenAdmin(path) {
      await rm(path, { force: true });
      await new Promise<void>((resolve, reject) => {
        adminServer?.once('error', reject).listen(path, resolve);
      });
      await chmod(path, 0o600);
    },
    async close() {
      const closed = new Promise<void>((resolve) => {
        if (adminServer?.listening === true) adminServer.close(() => resolve());
        else resolve();
        adminServer?.closeIdleConnections();
      });
      shortConnections?.close();
      await Promise.all([app.close(), closed]);
    },
  };
};
