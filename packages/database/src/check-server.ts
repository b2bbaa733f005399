import { SophiaError } from '@sophia/shared';
import type pg from 'pg';

/** What a server and its database are, as far as Sophia cannot do without. */
export interface ServerFacts {
  /** As in `server_version_num`: 150004. */
  readonly version: number;
  readonly encoding: string;
  /** Whether the settings that a connection asks for while it is opened have arrived. */
  readonly takesSettings: boolean;
  readonly isStandby: boolean;
  /** Whether the owner may make tables in the schema `public`. */
  readonly mayCreate: boolean;
  /** Whether somebody else's table has the name of the one in which migrations are written down. */
  readonly hasOtherJournal: boolean;
  /** Whether somebody who is neither the owner nor above it has put the table there that passwords of roles follow from. */
  readonly hasOtherSecret: boolean;
}

/** One look before anything is made. Errors: `invalid_configuration`, and `unavailable` of a standby, which may be promoted. */
export async function checkServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<ServerFacts>(LOOK);
  const { host, port, database } = client;
  for (const facts of rows) refuse(facts, `The PostgreSQL at ${host}:${port}, database ${database},`);
}

/** Throws where the server is not what it must be, with the way out. */
export function refuse(facts: ServerFacts, server: string): void {
  const refused = REFUSALS.find(({ isMet }) => isMet(facts));
  if (refused !== undefined) throw new SophiaError(refused.code ?? 'invalid_configuration', `${server} ${refused.says(facts)}`);
}

/** Of somebody between Sophia and the server. */
export const POOLER =
  'passes by the settings that a connection asks for while it is opened, as PgBouncer and other poolers do: name the server itself, Sophia keeps connections open by itself.';

interface Refusal {
  readonly code?: 'unavailable';
  readonly isMet: (facts: ServerFacts) => boolean;
  readonly says: (facts: ServerFacts) => string;
}

const REFUSALS: readonly Refusal[] = [
  {
    isMet: ({ version }) => version < 150_000,
    says: ({ version }) => `is of version ${Math.floor(version / 10_000)}; Sophia needs 15 or later.`,
  },
  { isMet: ({ takesSettings }) => !takesSettings, says: () => POOLER },
  {
    isMet: ({ encoding }) => encoding !== 'UTF8',
    says: ({ encoding }) => `has the encoding ${encoding}; Sophia needs UTF8: create database ... encoding 'UTF8' template template0.`,
  },
  {
    isMet: ({ hasOtherJournal }) => hasOtherJournal,
    says: () => `has a table "migration" in the schema public that is not Sophia's: give Sophia a database of its own.`,
  },
  {
    isMet: ({ hasOtherSecret }) => hasOtherSecret,
    says: () => 'has a table "role_secret" of somebody else, who would know the passwords that follow from it: drop it.',
  },
  {
    code: 'unavailable',
    isMet: ({ isStandby }) => isStandby,
    says: () => 'is a standby, in which nothing can be written: name the primary, or promote it.',
  },
  {
    isMet: ({ mayCreate }) => !mayCreate,
    says: () =>
      'has no schema public in which the role of the URL may make tables: let it own the database, or grant it create on the schema.',
  },
];

const LOOK = `select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
    current_setting('sophia.session', true) is not null as "takesSettings", pg_is_in_recovery() as "isStandby",
    exists (select from pg_namespace where nspname = 'public' and has_schema_privilege(oid, 'create')) as "mayCreate",
    to_regclass('public.migration') is not null and 5 <> (
      select count(*) from pg_attribute
      where attrelid = to_regclass('public.migration') and attname = any ('{module,number,name,checksum,applied_at}')
    ) as "hasOtherJournal",
    exists (
      select from pg_class join pg_roles as its_owner on its_owner.oid = relowner
      where pg_class.oid = to_regclass('public.role_secret') and not rolsuper and rolname <> current_user
        and relowner <> (select datdba from pg_database where datname = current_database())
    ) as "hasOtherSecret"`;
