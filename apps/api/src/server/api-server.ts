import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import compress from '@fastify/compress';
import cors from '@fastify/cors';
import type { Allowance } from '@sophia/auth';
import { createIdGenerator, createLoadShedder, systemClock } from '@sophia/shared';
import Fastify, { type FastifyInstance } from 'fastify';
import type { RouteExample } from '../routes/define-route.ts';
import type { ApiServices } from '../services.ts';
import { registerBodyLimits } from './body-limits.ts';
import { answerClientErrors } from './client-errors.ts';
import { closerOf } from './close-server.ts';
import { DESCRIBED_HEADERS, type SentHeaders } from './described-headers.ts';
import { refuseExpectations } from './expectations.ts';
import { registerParsers } from './parsers.ts';
import { answerFrameworkErrors, registerProblems, watchProblems } from './problems.ts';
import { registerRequestContext } from './request-context.ts';
import { requiringHost } from './required-host.ts';
import { securityHeaders } from './security-headers.ts';
import type { ShortRequest } from './short-request.ts';
import { createShortWays } from './short-ways.ts';

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
  /** By status, as documented. */
  readonly responses: Readonly<Record<string, unknown>>;
  readonly sends: SentHeaders;
}

/** Sockets of the admin listener: who comes through them has the rights of the data folder's owner. */
const adminSockets = new WeakSet<object>();
const isAdminRequest = (request: IncomingMessage): boolean => adminSockets.has(request.socket);

/** How long a body may take is looked after by what reads it; a connection whose other end is gone is noticed. */
const SERVER = {
  keepAliveTimeout: 65_000,
  headersTimeout: 20_000,
  requestTimeout: 0,
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  requireHostHeader: false,
};
/** What a page of another origin may read of an answer, beside what browsers show in any case. */
const EXPOSED = Object.entries(DESCRIBED_HEADERS).flatMap(([name, { exposed }]) => (exposed ? [name] : []));
const BODY_IDLE_MS = 60_000;
const BODY_REST_MS = 10_000;

export const createApiServer = async (
  services: ApiServices,
  register: (app: FastifyInstance, services: ApiServices) => Promise<void> | void,
): Promise<ApiServer> => {
  const { configuration, observability } = services;
  const newRequestId = createIdGenerator({ clock: systemClock });
  const taken = new WeakMap<ShortRequest, Allowance>();
  const durations = observability.metrics.histogram({
    name: 'sophia_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer.',
    labels: ['route', 'method', 'status'],
  });
  const shedder = createLoadShedder({
    maximumConcurrency: configuration.limits.concurrency,
    maximumDelay: configuration.limits.eventLoopDelay,
    delay: observability.eventLoopDelay,
  });
  const watch = watchProblems(observability);
  // Where every request is traced, the ordinary way makes the trace; behind a proxy it reads who the caller is from headers.
  const mayBeShort = !observability.tracer.enabled && configuration.trustedProxies.length === 0;
  const shortWays = mayBeShort ? createShortWays({ services, shedder, durations, newRequestId, watch, taken }) : undefined;

  const headers = securityHeaders();
  const clientErrorHandler = answerClientErrors({ newRequestId, watch });
  const requireHost = requiringHost({ newRequestId, watch });
  const expectations = refuseExpectations({ newRequestId, watch });

  let adminServer: Server | undefined;
  let closeAdmin: (() => Promise<void>) | undefined;
  const app = Fastify({
    logger: false,
    genReqId: newRequestId,
    bodyLimit: configuration.limits.bodyBytes,
    clientErrorHandler,
    frameworkErrors: answerFrameworkErrors(watch, headers),
    trustProxy: configuration.trustedProxies.length === 0 ? false : [...configuration.trustedProxies],
    requestTimeout: 0,
    connectionTimeout: 0,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 500 },
    ajv: { customOptions: { coerceTypes: true, removeAdditional: false, allErrors: true, strict: false } },
    serverFactory: (handler) => {
      const admin = createServer(SERVER, requireHost(handler));
      admin.on('connection', (socket) => adminSockets.add(socket)).on('clientError', clientErrorHandler);
      admin.on('checkExpectation', expectations);
      closeAdmin = closerOf(admin, () => new Promise((resolve) => void admin.close(() => resolve())));
      adminServer = admin;
      return shortWays?.createServer(SERVER, handler) ?? createServer(SERVER, requireHost(handler));
    },
  });

  app.server.on('checkExpectation', expectations);
  const closeApp = closerOf(app.server, () => app.close());

  const routes: ApiRoute[] = [];
  app.addHook('onRoute', ({ method, url, config, schema }) => {
    if (config?.examples !== undefined && typeof method === 'string' && method !== 'HEAD')
      routes.push({ method, url, examples: config.examples, responses: Object(schema?.response), sends: config.sends ?? {} });
  });
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
  // A browser asks before it calls, without a key: that is answered before anything is asked of it.
  if (configuration.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: [...configuration.corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: EXPOSED,
    });
  }
  registerProblems(app, watch);
  registerParsers(app);
  registerRequestContext(app, { services, taken, shedder, durations, isAdminRequest });
  const giveUpQuietBodies = registerBodyLimits(app, {
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
      shortWays?.close();
      giveUpQuietBodies();
      await Promise.all([closeApp(), closeAdmin?.()]);
    },
  };
};
