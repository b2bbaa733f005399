import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import type { Allowance } from '@sophia/auth';
import type { Histogram, Metric } from '@sophia/observability';
import { type LoadShedder, systemClock } from '@sophia/shared';
import type { ApiServices } from '../services.ts';
import { createAdmission } from './admission.ts';
import { createHotPath, QUERY_PATH } from './hot-path.ts';
import { type ProblemWatch, sendProblem } from './problems.ts';
import { createRecordPath, RECORD_ROUTE } from './record-path.ts';
import { requiringHost } from './required-host.ts';
import { createShortConnections } from './short-connections.ts';
import type { ShortRequest, ShortResponse } from './short-request.ts';
import { createWritePath, WRITE_ROUTE } from './write-path.ts';

export interface ShortWaysOptions {
  readonly services: ApiServices;
  readonly shedder: LoadShedder;
  readonly durations: Metric<'route' | 'method' | 'status', Histogram>;
  readonly newRequestId: () => string;
  readonly watch: ProblemWatch;
  /** What was taken from a principal's allowance for a request, so that the ordinary way does not take it again. */
  readonly taken: WeakMap<ShortRequest, Allowance>;
}

/** The ways before the framework (docs/adr/0008-a-hot-path-before-the-framework.md). */
export interface ShortWays {
  /** A server that answers what it can on a short way, and hands all other requests to the listener as they came. */
  createServer(options: ServerOptions & Timeouts, ordinary: RequestListener): Server;
  /** Ends the connections that are idle, and the others with their answer. */
  close(): void;
}

interface Timeouts {
  readonly keepAliveTimeout: number;
  readonly headersTimeout: number;
}

/** What may be for a short way another time. */
const PATHS = [QUERY_PATH, '/api/v1/records/'];

export const createShortWays = ({ services, shedder, durations, newRequestId, watch, taken }: ShortWaysOptions): ShortWays => {
  const { analytics, authentication, catalog, configuration } = services;
  const hotDurations = {
    200: durations.with({ route: '/api/v1/metrics/query', method: 'GET', status: '200' }),
    304: durations.with({ route: '/api/v1/metrics/query', method: 'GET', status: '304' }),
  };
  // A browser's own requests take the ordinary way: whoever keeps these answers has to know that those have others.
  const standing = configuration.corsOrigins.length > 0 ? ['vary', 'Origin'] : [];
  const admit = createAdmission({
    authentication,
    taken,
    newRequestId,
    shedder,
    standing,
    deadline: configuration.limits.requestMilliseconds,
    clock: systemClock,
  });
  const hotPath = createHotPath({
    analytics,
    authentication,
    taken,
    newRequestId,
    clock: systemClock,
    standing,
    served: (seconds, status) => hotDurations[status].observe(seconds),
  });
  const recordPath = createRecordPath({
    catalog,
    admit,
    watch,
    served: (seconds, status) => durations.with({ route: RECORD_ROUTE, method: 'GET', status: String(status) }).observe(seconds),
  });
  const writePath = createWritePath({
    catalog,
    admit,
    watch,
    bodyBytes: configuration.limits.bodyBytes,
    served: (seconds, status) => durations.with({ route: WRITE_ROUTE, method: 'POST', status: String(status) }).observe(seconds),
  });
  /** What goes wrong on a short way is answered like any defect: thrown to the socket, it would end the process. */
  const guarded =
    (serve: (request: ShortRequest, response: ShortResponse) => boolean) =>
    (request: ShortRequest, response: ShortResponse): boolean => {
      try {
        return serve(request, response);
      } catch (error) {
        sendProblem(response, error, { requestId: newRequestId(), route: 'short', headers: [], watch });
        return true;
      }
    };
  const read = guarded((request, response) => hotPath(request, response) || recordPath(request, response));
  const write = guarded((request, response) => writePath.serve(request, response));
  const requireHost = requiringHost({ newRequestId, watch });
  const closing: (() => void)[] = [];

  return {
    createServer(options, ordinary) {
      /** Requests that were not served off the socket, by the connections that they were handed over with. */
      const declined = new WeakMap<object, ShortRequest>();
      const listener = (request: IncomingMessage, response: ServerResponse): void => {
        connections.begun(request, response);
        const before = declined.get(request.socket);
        if (before === undefined) {
          if (!read(request, response) && !writePath.serveSoon(request, response, ordinary)) ordinary(request, response);
          return;
        }
        declined.delete(request.socket);
        const allowance = taken.get(before);
        if (allowance !== undefined) taken.set(request, allowance);
        ordinary(request, response);
      };
      const server = createServer(options, requireHost(listener));
      // What node:http does with a connection, it does when it is given one.
      const takeConnection = server.listeners('connection');
      server.removeAllListeners('connection');
      const connections = createShortConnections({
        serve: (request, response) => read(request, response) || write(request, response),
        lends: ({ url }) => PATHS.some((path) => url?.startsWith(path)),
        handOver(connection, request) {
          if (request !== undefined) declined.set(connection, request);
          for (const take of takeConnection) take.call(server, connection);
        },
        clock: systemClock,
        keepAlive: options.keepAliveTimeout,
        first: options.headersTimeout,
      });
      closing.push(connections.close);
      return server.on('connection', connections.accept);
    },
    close() {
      for (const close of closing) close();
    },
  };
};
