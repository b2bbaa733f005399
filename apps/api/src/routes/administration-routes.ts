import { PolicyRule, ROLES } from '@sophia/types';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiServices } from '../services.ts';
import {
  AuditAnswerSchema,
  KeysAnswerSchema,
  NewKeySchema,
  PoliciesSchema,
  RevokedSchema,
  WorkspaceSchema,
  WorkspacesAnswerSchema,
} from './answers/administration-answers.ts';
import { defineRoute } from './define-route.ts';
import { parsePolicies } from './parse-policies.ts';

const Paging = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  cursor: Type.Optional(Type.String({ maxLength: 4000 })),
};
const UserRecord = Type.Object(
  { source_system: Type.String({ minLength: 1, maxLength: 100 }), source_id: Type.String({ minLength: 1, maxLength: 1000 }) },
  { additionalProperties: false },
);
const Settings = Type.Object(
  {
    reporting_date: Type.Optional(Type.String({ maxLength: 10, description: 'YYYY-MM-DD: stands for today' })),
    time_zone: Type.Optional(Type.String({ maxLength: 64 })),
    week_start: Type.Optional(Type.Enum(['monday', 'sunday'])),
  },
  { additionalProperties: false },
);
const tag = 'administration';

export const registerAdministrationRoutes = (app: FastifyInstance, services: ApiServices): void => {
  registerKeyRoutes(app, services);
  registerWorkspaceRoutes(app, services);
  registerPolicyRoutes(app, services);
  registerAuditRoutes(app, services);
};

const registerKeyRoutes = (app: FastifyInstance, { keys }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/keys',
    operation: 'listKeys',
    summary: 'API keys of the workspace, without their secrets',
    tag,
    query: Type.Object(Paging),
    responses: { 200: KeysAnswerSchema },
    examples: [{ summary: 'All keys', path: '/api/v1/keys', status: 200 }],
    handle: async ({ call, query }) => {
      const page = await keys.list(call, query);
      return { keys: page.keys, next_cursor: page.cursor };
    },
  });

  defineRoute(app, {
    method: 'POST',
    url: '/keys',
    operation: 'createKey',
    summary: 'Makes an API key; its text is shown this once',
    tag,
    body: Type.Object(
      {
        name: Type.String({ minLength: 1, maxLength: 200 }),
        role: Type.Enum(ROLES),
        expires_at: Type.Optional(Type.String({ maxLength: 40, description: 'An instant of ISO 8601, with its offset' })),
        user_record: Type.Optional(UserRecord),
        installation: Type.Optional(Type.Boolean({ description: 'For every workspace' })),
        requests_per_second: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
      },
      { additionalProperties: false },
    ),
    responses: { 200: NewKeySchema },
    examples: [{ summary: 'A key for an analyst', path: '/api/v1/keys', body: { name: 'example', role: 'analyst' }, status: 200 }],
    handle: ({ call, body }) =>
      keys.create(call, {
        name: body.name,
        role: body.role,
        expiresAt: body.expires_at,
        userRecord: body.user_record,
        installation: body.installation,
        requestsPerSecond: body.requests_per_second,
      }),
  });

  defineRoute(app, {
    method: 'DELETE',
    url: '/keys/:id',
    operation: 'revokeKey',
    summary: 'Revokes an API key, at once: imports and replays of rejected rows that it has begun end, and keep what came before',
    tag,
    params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) }),
    responses: { 200: RevokedSchema },
    examples: [{ summary: 'No such key', path: '/api/v1/keys/unknown', status: 404 }],
    handle: async ({ call, params }) => {
      await keys.revoke(call, params.id);
      return { revoked: params.id };
    },
  });
};

const registerWorkspaceRoutes = (app: FastifyInstance, { workspaces }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/workspaces',
    operation: 'listWorkspaces',
    summary: 'Workspaces that the caller may use',
    tag,
    responses: { 200: WorkspacesAnswerSchema },
    examples: [{ summary: 'All of them', path: '/api/v1/workspaces', status: 200 }],
    handle: async ({ call }) => ({ workspaces: await workspaces.list(call) }),
  });

  defineRoute(app, {
    method: 'POST',
    url: '/workspaces',
    operation: 'createWorkspace',
    summary: 'Makes a workspace; administrators of the installation only',
    tag,
    body: Type.Object(
      { name: Type.String({ minLength: 1, maxLength: 63 }), settings: Type.Optional(Settings) },
      { additionalProperties: false },
    ),
    responses: { 200: WorkspaceSchema },
    examples: [{ summary: 'A name that is none', path: '/api/v1/workspaces', body: { name: 'No Name' }, status: 422 }],
    handle: ({ call, body }) => workspaces.create(call, body.name, body.settings),
  });

  defineRoute(app, {
    method: 'PUT',
    url: '/workspaces/settings',
    operation: 'configureWorkspace',
    summary: 'Replaces the settings of the caller’s workspace',
    tag,
    body: Settings,
    responses: { 200: WorkspaceSchema },
    examples: [
      {
        summary: 'The day that stands for today',
        path: '/api/v1/workspaces/settings',
        body: { reporting_date: '2017-12-31' },
        status: 200,
      },
    ],
    handle: ({ call, body }) => workspaces.configure(call, body),
  });
};

const registerPolicyRoutes = (app: FastifyInstance, { policies }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/policies',
    operation: 'getPolicies',
    summary: 'Who may see and do what: the built-in rules and those of the workspace',
    tag,
    responses: { 200: PoliciesSchema },
    examples: [{ summary: 'All rules', path: '/api/v1/policies', status: 200 }],
    handle: ({ call }) => policies.rules(call),
  });

  defineRoute(app, {
    method: 'PUT',
    url: '/policies',
    operation: 'replacePolicies',
    summary: 'Replaces the workspace’s own rules',
    tag,
    body: Type.Object(
      { rules: Type.Array(PolicyRule, { maxItems: 500 }), if_version: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })) },
      { additionalProperties: false },
    ),
    checksBody: true,
    responses: { 200: PoliciesSchema },
    examples: [{ summary: 'No rules of its own', path: '/api/v1/policies', body: { rules: [] }, status: 200 }],
    handle: async ({ call, raw }) => {
      await policies.requireReplacer(call);
      const { rules, if_version: ifVersion } = parsePolicies(raw.body);
      return policies.replace(call, rules, { ifVersion });
    },
  });
};

const registerAuditRoutes = (app: FastifyInstance, { audit }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/audit',
    operation: 'listAudit',
    summary: 'Who read and did what, newest first; with follow, every entry once in the order of their commits',
    description:
      'A page looks at 100,000 entries at most: where what is looked for is rare, it may have few or none, and `next_cursor` goes on.',
    tag,
    query: Type.Object({
      principal: Type.Optional(Type.String({ maxLength: 200 })),
      action: Type.Optional(Type.String({ maxLength: 100 })),
      object: Type.Optional(Type.String({ maxLength: 400 })),
      result: Type.Optional(Type.String({ maxLength: 100 })),
      from: Type.Optional(Type.String({ maxLength: 40 })),
      to: Type.Optional(Type.String({ maxLength: 40 })),
      follow: Type.Optional(Type.Boolean()),
      ...Paging,
    }),
    responses: { 200: AuditAnswerSchema },
    examples: [{ summary: 'The last ten', path: '/api/v1/audit?limit=10', status: 200 }],
    handle: async ({ call, query: { follow, ...query } }) => {
      const { entries, cursor } = await (follow === true ? audit.follow(call, query) : audit.list(call, query));
      return { entries, next_cursor: cursor };
    },
  });
};
