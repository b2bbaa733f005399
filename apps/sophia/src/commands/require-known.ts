import type { CatalogRecord, RecordTypeDefinition } from '@sophia/types';
import type { ApiClient } from '../client/api-client.ts';
import { CommandError } from '../command-line/command-error.ts';

/** What every record has, and where its data has what the type does not know. */
const MEMBERS: readonly (keyof CatalogRecord | 'extra')[] = [
  'data',
  'extra',
  'id',
  'record_type',
  'source_system',
  'source_id',
  'version',
  'content_hash',
  'business_priority',
  'occurred_at',
  'source_version',
  'created_at',
  'updated_at',
  'deleted_at',
];

/** Errors: `CommandError` where one of the fields is neither the type's nor one of those that every record has. */
export const requireFields = async (api: ApiClient, type: string, fields: readonly string[]): Promise<void> => {
  const definition = await api.call<RecordTypeDefinition>('GET', `/record-types/${encodeURIComponent(type)}`);
  const known = [...definition.fields.map(({ name }) => name), ...MEMBERS];
  const unknown = fields.find((field) => !known.includes(field));
  if (unknown !== undefined) throw await notKnown(`A ${type} has no field ${JSON.stringify(unknown)}`, unknown, known);
};

/** What dead letters are chosen by, where none is found: there may be none, or a name is mistyped. */
export interface DeadLetterNames {
  readonly import?: string | undefined;
  readonly type?: string | undefined;
  readonly code?: string | undefined;
}

/** Errors: `ProblemError` where the import or the type is not there, `CommandError` where there is no such code. */
export const requireDeadLetterNames = async (api: ApiClient, { import: id, type, code }: DeadLetterNames): Promise<void> => {
  if (id !== undefined) await api.call('GET', `/imports/${encodeURIComponent(id)}`);
  if (type !== undefined) await api.call('GET', `/record-types/${encodeURIComponent(type)}`);
  if (code !== undefined) await requireCode(code);
};

const requireCode = async (code: string): Promise<void> => {
  const { ERROR_CODES } = await import('@sophia/types');
  if (Object.hasOwn(ERROR_CODES, code)) return;
  throw await notKnown(`There is no code ${JSON.stringify(code)}`, code, Object.keys(ERROR_CODES));
};

const notKnown = async (what: string, name: string, known: readonly string[]): Promise<CommandError> => {
  const { nearest } = await import('@sophia/shared');
  const near = nearest(name, known);
  return new CommandError('usage', near === undefined ? `${what}.` : `${what}; did you mean ${near}?`);
};
