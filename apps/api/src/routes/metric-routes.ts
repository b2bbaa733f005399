import { type Analytics, type Answer, answerBody } from '@sophia/analytics';
import { SophiaError } from '@sophia/shared';
import { type Cell, type MetricQuery, MetricQuerySchema } from '@sophia/types';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { answerHeaders, answerHeadersSent } from '../server/answer-headers.ts';
import { isKnown } from '../server/entity-tags.ts';
import { QUERY_PATH } from '../server/hot-path.ts';
import { setHeaders } from '../server/respond.ts';
import type { ApiServices } from '../services.ts';
import { FreshnessSchema } from './answers/freshness-answer.ts';
import {
  DrillDownAnswerSchema,
  ExplanationSchema,
  MetricAnswerSchema,
  MetricAnswersSchema,
  MetricsAnswerSchema,
} from './answers/metric-answers.ts';
import { defineRoute } from './define-route.ts';
import { parseJsonText } from './parse-json-text.ts';
import { parseMetricQuery } from './parse-metric-query.ts';
import { afterOf } from './request-headers.ts';
import { AfterHeaders, IN_HEAD } from './schemas.ts';

/** Queries of one request at most; they run one after the other. */
const MAXIMUM_QUERIES = 20;

const REVENUE_BY_OFFICE = { metrics: ['revenue', 'win_rate'], dimensions: ['user.office'], order_by: ['-revenue'] };

export const registerMetricRoutes = (app: FastifyInstance, services: ApiServices): void => {
  registerList(app, services);
  registerQuery(app, services);
  registerQueryByAddress(app, services);
  registerExplain(app, services);
  registerDrillDown(app, services);
  registerFreshness(app, services);
};

const registerList = (app: FastifyInstance, { analytics }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/metrics',
    operation: 'listMetrics',
    summary: 'The metrics of the workspace, with the dimensions that each can be asked by',
    tag: 'metrics',
    responses: { 200: MetricsAnswerSchema },
    examples: [{ summary: 'All metrics', path: '/api/v1/metrics', status: 200 }],
    handle: async ({ call }) => ({ metrics: await analytics.metrics(call) }),
  });
};

const registerQuery = (app: FastifyInstance, { analytics }: ApiServices): void => {
  defineRoute(app, {
    method: 'POST',
    url: '/metrics/query',
    operation: 'queryMetrics',
    readOnly: true,
    summary: 'Answers a metric query, or several',
    description:
      'One query gives one answer, an array gives { "answers": [...] } in its order. The header `Sophia-Cache: bypass` computes anew.',
    tag: 'metrics',
    headers: AfterHeaders,
    body: Type.Union([MetricQuerySchema, Type.Array(MetricQuerySchema, { minItems: 1, maxItems: MAXIMUM_QUERIES })], {
      title: 'MetricQueryBody',
    }),
    checksBody: true,
    responses: { 200: Type.Union([MetricAnswerSchema, MetricAnswersSchema], { title: 'MetricQueryAnswer' }) },
    // An answer to several has none.
    sends: answerHeadersSent('maybe'),
    examples: [
      { summary: 'Revenue and win rate by office', path: '/api/v1/metrics/query', body: REVENUE_BY_OFFICE, status: 200 },
      { summary: 'An unknown metric', path: '/api/v1/metrics/query', body: { metrics: ['revenu'] }, status: 400 },
    ],
    handle: async ({ raw }, reply) => {
      const { body } = raw;
      if (!Array.isArray(body)) return sendAnswer(reply, await ask(analytics, raw, parseMetricQuery(body, '')));
      if (body.length === 0 || body.length > MAXIMUM_QUERIES) {
        throw new SophiaError('invalid_request', `Send 1 to ${MAXIMUM_QUERIES} queries, not ${body.length}.`);
      }
      const queries = body.map((query, index) => parseMetricQuery(query, `/${index}`));
      const answers: string[] = [];
      for (const query of queries) answers.push(answerBody(await ask(analytics, raw, query)));
      return reply.type('application/json; charset=utf-8').send(`{"answers":[${answers.join(',')}]}`);
    },
  });
};

const registerQueryByAddress = (app: FastifyInstance, { analytics }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/metrics/query',
    operation: 'getMetrics',
    summary: 'Answers a metric query given in the address: for caches along the way, with ETag and 304',
    tag: 'metrics',
    headers: AfterHeaders,
    query: Type.Object({ q: Type.String({ maxLength: 16_384, description: `The metric query as JSON; ${IN_HEAD}` }) }),
    responses: {
      200: MetricAnswerSchema,
      304: Type.Null({ description: 'The answer has not changed; Sophia-Complete-To and Sophia-Position say how current that is' }),
    },
    sends: answerHeadersSent('always'),
    examples: [
      {
        summary: 'Revenue by office',
        path: `${QUERY_PATH}q=${encodeURIComponent(JSON.stringify(REVENUE_BY_OFFICE))}`,
        status: 200,
      },
      { summary: 'Not JSON', path: `${QUERY_PATH}q=revenue`, status: 400 },
    ],
    handle: async ({ raw, query: { q }, call }, reply) => {
      const query = parseMetricQuery(parseJsonText('q', q, 'invalid_request'), '');
      const answer = await ask(analytics, raw, query);
      analytics.remember(call, raw.url, query);
      if (isKnown(raw.headers['if-none-match'], answer.etag)) return setHeaders(reply, answerHeaders(answer)).code(304).send();
      return sendAnswer(reply, answer);
    },
  });
};

const ask = (analytics: Analytics, request: FastifyRequest, query: MetricQuery): Promise<Answer> =>
  analytics.ask(request.call(), query, {
    after: afterOf(request),
    cache: request.headers['sophia-cache'] === 'bypass' ? 'bypass' : 'use',
  });

const sendAnswer = (reply: FastifyReply, answer: Answer): FastifyReply =>
  setHeaders(reply, answerHeaders(answer)).type('application/json; charset=utf-8').send(answerBody(answer));

const registerExplain = (app: FastifyInstance, { analytics }: ApiServices): void => {
  defineRoute(app, {
    method: 'POST',
    url: '/metrics/explain',
    operation: 'explainMetrics',
    readOnly: true,
    summary: 'The statement, models, rollup, policy and tags behind a metric query, without running it',
    tag: 'metrics',
    body: MetricQuerySchema,
    checksBody: true,
    responses: { 200: ExplanationSchema },
    examples: [{ summary: 'Explain revenue by office', path: '/api/v1/metrics/explain', body: REVENUE_BY_OFFICE, status: 200 }],
    handle: ({ raw, call }) => analytics.explain(call, parseMetricQuery(raw.body, '')),
  });
};

const registerDrillDown = (app: FastifyInstance, { analytics }: ApiServices): void => {
  defineRoute(app, {
    method: 'POST',
    url: '/metrics/drill-down',
    operation: 'drillDown',
    readOnly: true,
    summary: 'The records behind one cell of an answer',
    tag: 'metrics',
    headers: AfterHeaders,
    body: Type.Object(
      {
        query: Type.Unknown({ description: 'The metric query of the answer' }),
        // Unread, since the framework would make texts of what is none.
        row: Type.Record(Type.String(), Type.Unknown(), {
          description: 'Value of each dimension in the cell: text, number, true, false or null',
        }),
        metric: Type.String({ maxLength: 200 }),
        part: Type.Optional(Type.String({ maxLength: 200, description: 'numerator, denominator, or an input metric' })),
        position: Type.Optional(Type.String({ maxLength: 200, description: "The answer's position; a query's own as_of goes before it" })),
        today: Type.Optional(
          Type.String({
            maxLength: 10,
            description: "The answer's today, where it has one; without it what the query takes for today now",
          }),
        ),
        cursor: Type.Optional(Type.String({ maxLength: 2000 })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      },
      { additionalProperties: false },
    ),
    responses: { 200: DrillDownAnswerSchema },
    examples: [
      {
        summary: 'The won deals of the office Central',
        path: '/api/v1/metrics/drill-down',
        body: { query: REVENUE_BY_OFFICE, row: { 'user.office': 'Central' }, metric: 'revenue', limit: 10 },
        status: 200,
      },
    ],
    handle: ({ raw, call, body: { query, position, row, ...rest } }) =>
      analytics.drillDown(
        call,
        { ...rest, row: cellsOf(row), position: position as never, query: parseMetricQuery(query, '/query') },
        { after: afterOf(raw) },
      ),
  });
};

/** Errors: `invalid_request`. */
const cellsOf = (row: Readonly<Record<string, unknown>>): Record<string, Cell> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (isCell(value)) return [name, value];
      throw new SophiaError('invalid_request', `/row/${name} must be a text, a number, true, false or null`);
    }),
  );

const isCell = (value: unknown): value is Cell => value === null || ['string', 'number', 'boolean'].includes(typeof value);

const registerFreshness = (app: FastifyInstance, { analytics }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/freshness',
    operation: 'freshness',
    summary: 'How current the answers are, and each source behind them',
    tag: 'metrics',
    responses: { 200: FreshnessSchema },
    examples: [{ summary: 'Freshness of the workspace', path: '/api/v1/freshness', status: 200 }],
    handle: ({ call }) => analytics.freshness(call),
  });
};
