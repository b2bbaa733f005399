import { SophiaError } from '@sophia/shared';
import type { Call } from '@sophia/types';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import Type, { type Static, type TSchema } from 'typebox';
import type { SentHeaders } from '../server/described-headers.ts';
import { uncoercedBody } from './uncoerced-body.ts';

/** An example of a route, shown in the documents and run as a test. */
export interface RouteExample {
  readonly summary: string;
  /** Path and query as typed. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  /** Fields of the body, where that is a form: the documents show these. */
  readonly form?: Readonly<Record<string, unknown>> | undefined;
  readonly status: number;
}

export interface RouteDefinition<Params extends TSchema, Query extends TSchema, Body extends TSchema> {
  readonly method: HTTPMethods;
  /** Below `/api/v1`, with `:parameters`. */
  readonly url: string;
  readonly operation: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly headers?: TSchema;
  readonly body?: Body;
  /** Content types that the body may have beside JSON; a form is never JSON. */
  readonly consumes?: readonly string[];
  /** By status: the schema of JSON, or one for each content type. */
  readonly responses: Readonly<Record<number, TSchema | RouteContent>>;
  /** Headers of its answers that are no problem documents, beside those that every answer has. */
  readonly sends?: SentHeaders;
  readonly examples: readonly RouteExample[];
  readonly public?: boolean;
  /** The handler checks the body itself, with better words than the schema's. */
  readonly checksBody?: boolean;
  /** A POST that changes nothing: it may be repeated at will. */
  readonly readOnly?: boolean;
  readonly deadline?: number;
  readonly bodyLimit?: number;
  readonly handle: (request: RouteRequest<Params, Query, Body>, reply: FastifyReply) => Promise<unknown>;
}

export interface RouteRequest<Params extends TSchema, Query extends TSchema, Body extends TSchema> {
  readonly params: Static<Params>;
  readonly query: Static<Query>;
  readonly body: Static<Body>;
  readonly call: Call;
  readonly raw: FastifyRequest;
}

/** An answer that comes in several content types, or in one that is not JSON. */
export interface RouteContent {
  readonly description?: string;
  readonly content: Readonly<Record<string, { readonly schema: TSchema }>>;
}

const API_PREFIX = '/api/v1';

/** Registers a route: one definition validates, documents and tests it. */
export const defineRoute = <Params extends TSchema, Query extends TSchema, Body extends TSchema>(
  app: FastifyInstance,
  route: RouteDefinition<Params, Query, Body>,
): void => {
  const isRepeatable = route.method !== 'POST' || route.readOnly === true || takesHeader(route, IDEMPOTENCY_KEY);
  const unread = unreadPreconditions(route);
  const uncoerced = route.body === undefined || route.checksBody === true ? undefined : uncoercedBody(route.body);
  app.route({
    method: route.method,
    url: `${API_PREFIX}${route.url}`,
    config: {
      public: route.public ?? false,
      ...(route.deadline === undefined ? {} : { deadline: route.deadline }),
      examples: route.examples,
      ...(route.sends === undefined ? {} : { sends: route.sends }),
      ...(route.checksBody === true ? { documentedBody: route.body } : {}),
    },
    ...(route.bodyLimit === undefined ? {} : { bodyLimit: route.bodyLimit }),
    schema: {
      operationId: route.operation,
      summary: route.summary,
      ...(route.description === undefined ? {} : { description: route.description }),
      tags: [route.tag],
      ...(route.params === undefined ? {} : { params: route.params }),
      querystring: { ...(route.query ?? NO_QUERY), additionalProperties: false },
      ...(route.headers === undefined ? {} : { headers: route.headers }),
      ...(route.body === undefined || route.checksBody === true ? {} : { body: route.body }),
      ...(route.consumes === undefined ? {} : { consumes: contentTypes(route.consumes) }),
      response: route.responses,
    },
    preValidation: (request, _reply, done) => {
      requireEncoded(request.url);
      uncoerced?.note(request);
      done();
    },
    // What is sent was made by our services and is typed; serialising by schema would only hide fields.
    serializerCompiler: () => JSON.stringify,
    handler: async (request, reply) => {
      uncoerced?.require(request);
      if (!isRepeatable) refuseIdempotencyKey(request);
      refusePreconditions(request, unread);
      const answer = await route.handle(
        {
          // Validated by the schemas above, whose static types these are.
          params: request.params as Static<Params>,
          query: request.query as Static<Query>,
          body: request.body as Static<Body>,
          get call() {
            return request.call();
          },
          raw: request,
        },
        reply,
      );
      return answer === undefined ? reply : answer;
    },
  });
};

/** As the framework holds a path to it; of parameters it would keep the percents. Errors: `invalid_request`. */
const requireEncoded = (url: string): void => {
  const percent = url.indexOf('%', url.indexOf('?'));
  if (percent === -1) return;
  try {
    decodeURIComponent(url.slice(percent));
  } catch (cause) {
    throw new SophiaError('invalid_request', 'The parameters are not encoded as UTF-8 in percents.', { cause });
  }
};

/** What no route reads is refused in any case: a name that is misspelt would be passed over. */
const NO_QUERY = Type.Object({});

const IDEMPOTENCY_KEY = 'idempotency-key';
const takesHeader = ({ headers }: { readonly headers?: TSchema }, name: string): boolean => name in Object(Object(headers).properties);

/** Whoever sends a key relies on it: better no than twice. */
const refuseIdempotencyKey = ({ headers, method, routeOptions }: FastifyRequest): void => {
  if (headers[IDEMPOTENCY_KEY] === undefined) return;
  throw new SophiaError('idempotency_not_supported', `${method} ${routeOptions.url} takes no Idempotency-Key.`);
};

/**
 * Conditions that the route would act without looking at (RFC 9110, 13.2.1): what names the state to be met wherever no state is
 * compared, and what names one to be avoided where something changes. A read without a tag answers anew in any case.
 */
const unreadPreconditions = (
  route: Pick<RouteDefinition<TSchema, TSchema, TSchema>, 'method' | 'readOnly' | 'headers'>,
): readonly string[] => {
  const isRead = route.method === 'GET' || route.readOnly === true;
  return ['if-match', ...(isRead ? [] : ['if-none-match'])].filter((name) => !takesHeader(route, name));
};

const refusePreconditions = ({ headers, method, routeOptions }: FastifyRequest, unread: readonly string[]): void => {
  for (const name of unread) {
    if (headers[name] === undefined) continue;
    const header = name === 'if-match' ? 'If-Match' : 'If-None-Match';
    throw new SophiaError('precondition_not_supported', `${method} ${routeOptions.url} does not look at ${header}.`);
  }
};

const FORM = 'multipart/form-data';
const contentTypes = (types: readonly string[]): string[] => (types.includes(FORM) ? [...types] : ['application/json', ...types]);

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly examples?: readonly RouteExample[];
    readonly sends?: SentHeaders;
    /** Schema of a body that the handler checks itself: for the documents only. */
    readonly documentedBody?: TSchema | undefined;
  }
}
