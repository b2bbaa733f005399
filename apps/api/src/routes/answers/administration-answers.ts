import type { ApiKey, AuditRecord, Workspace, WorkspaceRules } from '@sophia/auth';
import { PolicyRule, ROLES } from '@sophia/types';
import Type from 'typebox';
import { answerOf } from './answer-of.ts';
import { Instant, MaybeFields, MaybeInstant, MaybeText, NextCursor } from './values.ts';

const KeySchema = answerOf<ApiKey>()(
  Type.Object(
    {
      id: Type.String(),
      name: Type.String(),
      role: Type.Enum(ROLES),
      workspace: Type.String({ description: 'Its name' }),
      installation: Type.Boolean({ description: 'Whether it is for every workspace' }),
      user_record: Type.Union(
        [Type.Object({ source_system: Type.String(), source_id: Type.String() }, { title: 'UserRecord' }), Type.Null()],
        { description: 'The record of the user that its holder is, for policies' },
      ),
      requests_per_second: Type.Union([Type.Integer(), Type.Null()], { description: 'Null: what the configuration says' }),
      created_at: Instant,
      created_by: Type.String(),
      expires_at: MaybeInstant,
      revoked_at: MaybeInstant,
    },
    { title: 'Key' },
  ),
);

export const KeysAnswerSchema = Type.Object({ keys: Type.Array(KeySchema), next_cursor: NextCursor }, { title: 'KeysAnswer' });

export const NewKeySchema = Type.Object(
  { key: KeySchema, text: Type.String({ description: 'Send it as Authorization: Bearer <text>' }) },
  { title: 'NewKey' },
);

export const RevokedSchema = Type.Object({ revoked: Type.String({ description: 'Id of the key' }) }, { title: 'RevokedKey' });

export const WorkspaceSchema = answerOf<Workspace>()(
  Type.Object(
    {
      id: Type.Integer(),
      name: Type.String(),
      settings: Type.Object(
        {
          reporting_date: Type.Optional(Type.String({ description: 'YYYY-MM-DD: stands for today' })),
          time_zone: Type.Optional(Type.String()),
          week_start: Type.Optional(Type.Enum(['monday', 'sunday'])),
        },
        { title: 'WorkspaceSettings', description: "What is not set is the configuration's" },
      ),
      created_at: Instant,
    },
    { title: 'Workspace' },
  ),
);

export const WorkspacesAnswerSchema = Type.Object({ workspaces: Type.Array(WorkspaceSchema) }, { title: 'WorkspacesAnswer' });

/** The rules' own schema stands beside their type. */
type RulesWithout = Omit<WorkspaceRules, 'rules' | 'built_in'>;
const AboutRules = answerOf<RulesWithout>()(
  Type.Object({
    version: Type.Integer({ description: 'Of the own rules; 0 while there are none' }),
    changed_at: MaybeInstant,
    changed_by: MaybeText,
  }),
);

export const PoliciesSchema = Type.Object(
  {
    ...AboutRules.properties,
    rules: Type.Array(PolicyRule, { description: "The workspace's own, which come after the built-in ones" }),
    built_in: Type.Array(PolicyRule),
  },
  { title: 'Policies' },
);

const AuditEntrySchema = answerOf<AuditRecord>()(
  Type.Object(
    {
      id: Type.String(),
      at: Instant,
      principal: Type.String(),
      on_behalf_of: MaybeText,
      via: Type.String(),
      action: Type.String({ description: 'A verb: read, query, export, write, key.create' }),
      object: Type.String({ description: 'What it was about: record:deal/42, metrics:revenue,win_rate' }),
      result: Type.String({ description: 'ok, or the code of the error' }),
      rows: Type.Integer(),
      milliseconds: Type.Number({ description: 'Of all occurrences together' }),
      times: Type.Integer({ description: 'How often it happened: identical reads within a moment are one entry' }),
      address: Type.Union([Type.String(), Type.Null()], { description: 'Network address that it came from' }),
      request: Type.Union([Type.String(), Type.Null()], { description: 'Id of the request' }),
      details: MaybeFields,
    },
    { title: 'AuditEntry' },
  ),
);

export const AuditAnswerSchema = Type.Object({ entries: Type.Array(AuditEntrySchema), next_cursor: NextCursor }, { title: 'AuditAnswer' });
