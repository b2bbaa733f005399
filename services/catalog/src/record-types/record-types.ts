import { MAX_FIELDS, recordTypeFromJsonSchema, type SchemaProblem } from '@sophia/core';
import type { Database, Statement } from '@sophia/database';
import { canonicalJson, SophiaError } from '@sophia/shared';
import { BUILTIN_RECORD_TYPES, type Call, limitsOf, type NewEvent, type RecordTypeDefinition, type Transaction } from '@sophia/types';
import { causeOf } from '../access/attribution.ts';
import type { Gate } from '../access/gate.ts';
import { systemEvent } from '../access/system-event.ts';
import type { RecordTypes } from '../catalog.ts';
import type { Collaborators } from '../collaborators.ts';
import { withinCall } from '../reading/within-call.ts';
import { addedFields } from './merge-definition.ts';
import { fromStored, type RecordTypeBook } from './record-type-book.ts';
import { uniteDefinitions } from './unite-definitions.ts';

export type RecordTypesOptions = Pick<Collaborators, 'database' | 'eventLog' | 'policy' | 'audit' | 'clock'> & {
  readonly gate: Gate;
  readonly book: RecordTypeBook;
};

/** Record types by JSON Schema; a change is an event, so that whoever follows the log meets it before the rows that need it. */
export function createRecordTypes({ database, eventLog, policy, audit, clock, gate, book }: RecordTypesOptions): RecordTypes {
  const write = async (call: Call, name: string, schema: unknown, change: Change): ReturnType<RecordTypes['define']> => {
    const begun = clock.monotonic();
    await gate.administer(call, `record_type:${name}`);
    const wanted = readDefinition(name, schema);
    const { workspace } = call.principal;
    const store = async (transaction: Transaction): Promise<RecordTypeDefinition> => {
      const stored = await storeDefinition(database, transaction, call, wanted, change);
      if (stored.changed) await eventLog.append(transaction, [changedEvent(call, stored.definition)]);
      await audit.record(transaction, [
        {
          call,
          action: 'record_type.define',
          object: `record_type:${name}`,
          milliseconds: clock.monotonic() - begun,
          details: { revision: stored.definition.revision },
        },
      ]);
      return stored.definition;
    };
    const { value: definition, token } = await database.write([workspace], store, limitsOf(call));
    book.forget(workspace);
    policy.forget(workspace);
    eventLog.wake();
    return { definition, token: eventLog.encodeToken(token) };
  };
  return {
    async list(call) {
      const types = await withinCall(call, 'the record types', () => book.current(call.principal.workspace));
      return [...types.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    get: (call, name) =>
      withinCall(call, 'the record types', async () => {
        await book.current(call.principal.workspace);
        return book.require(call.principal.workspace, name);
      }),
    define: (call, name, schema) => write(call, name, schema, (_, wanted) => wanted),
    extend: (call, name, schema) => write(call, name, schema, uniteDefinitions),
  };
}

/** What is stored: the whole definition of an own type, of a built-in one the fields added to it. */
function readDefinition(name: string, schema: unknown): RecordTypeDefinition {
  const { definition, problems } = recordTypeFromJsonSchema(name, schema);
  if (definition === undefined) {
    throw invalidType(problems);
  }
  const builtin = BUILTIN_RECORD_TYPES.find((type) => type.name === name);
  if (builtin === undefined) return definition;
  const { added, conflicts } = addedFields(builtin, definition.fields);
  if (conflicts.length === 0) return { ...definition, fields: added };
  const found = conflicts.map((field) => ({
    path: `properties.${field.name}`,
    message: `${field.name} is a built-in field of ${name} and stays as it is (GET /record-types shows it); fields can only be added.`,
  }));
  throw invalidType(found);
}

const invalidType = (problems: readonly Pick<SchemaProblem, 'path' | 'message'>[]): SophiaError =>
  new SophiaError('invalid_record_type', problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join(' '), {
    details: { problems },
  });

type Definition = Pick<RecordTypeDefinition, 'description' | 'fields' | 'owner'>;

/** What becomes of a stored definition when another is wanted. */
type Change = (stored: Definition, wanted: Definition) => Definition;

interface StoredRow {
  readonly revision: number;
  readonly definition: Definition;
}

async function storeDefinition(
  database: Database,
  transaction: Transaction,
  { principal }: Call,
  { name, description, fields, owner }: RecordTypeDefinition,
  change: Change,
): Promise<{ readonly changed: boolean; readonly definition: RecordTypeDefinition }> {
  // A lock of its own, since the first definition of a type finds no row to lock.
  const [, [stored]] = await Promise.all([
    database.query(transaction, LOCK_TYPES, [principal.workspace]),
    database.query<StoredRow>(transaction, READ_TYPE, [principal.workspace, name]),
  ]);
  const wanted = { description, fields, ...(owner === undefined ? {} : { owner }) };
  const content = stored === undefined ? wanted : change(stored.definition, wanted);
  if (content.fields.length > MAX_FIELDS) {
    throw invalidType([{ path: 'properties', message: `With those that it has, ${name} would have more than ${MAX_FIELDS} fields.` }]);
  }
  if (stored !== undefined && isSame(stored.definition, content)) {
    return { changed: false, definition: fromStored(name, stored.revision, content) };
  }
  const builtin = BUILTIN_RECORD_TYPES.find((type) => type.name === name);
  const revision = (stored?.revision ?? builtin?.revision ?? 0) + 1;
  await database.query(transaction, STORE_TYPE, [principal.workspace, name, revision, JSON.stringify(content)]);
  return { changed: true, definition: fromStored(name, revision, content) };
}

const isSame = (one: Definition, other: Definition): boolean => canonicalOf(one) === canonicalOf(other);

/** A definition is plain data. */
const canonicalOf = (definition: Definition): string => canonicalJson(JSON.parse(JSON.stringify(definition)));

/** A definition is plain data. */
const changedEvent = (call: Call, definition: RecordTypeDefinition): NewEvent =>
  systemEvent(call, 'record_type.changed', causeOf(call), JSON.parse(JSON.stringify(definition)));

const LOCK_TYPES: Statement = { name: 'catalog_lock_types', text: `select pg_advisory_xact_lock(hashtext('sophia.record_type'), $1::int)` };
const READ_TYPE: Statement = {
  name: 'catalog_read_type',
  text: 'select revision, definition from record_type where workspace = $1 and name = $2',
};
const STORE_TYPE: Statement = {
  name: 'catalog_store_type',
  text: `insert into record_type (workspace, name, revision, definition) values ($1, $2, $3, $4)
    on conflict (workspace, name) do update set revision = excluded.revision, definition = excluded.definition, updated_at = now()`,
};
