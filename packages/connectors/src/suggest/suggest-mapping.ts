import { nearest, SophiaError } from '@sophia/shared';
import type { FieldDefinition, RecordTypeDefinition } from '@sophia/types';
import type { MatchedSource } from '../mapping/match-mapping.ts';
import { type Rejections, rejectionsOf } from './check-suggestion.ts';
import { CURRENCY_SIGNS } from './currencies.ts';
import { matchType, type TypeMatch } from './match-fields.ts';
import { type ColumnProfile, profileColumns } from './profile-column.ts';
import { isAmbiguous, suggestColumn } from './suggest-column.ts';
import { suggestNulls } from './suggest-nulls.ts';
import { type KnownIds, suggestRepairs } from './suggest-repairs.ts';
import { suggestStatus } from './suggest-status.ts';
import { type SuggestedMapping, type SuggestedRepair, writeMapping } from './write-mapping.ts';

export interface SuggestOptions {
  /** Name of the source system; all files of one source have the same. */
  readonly sourceSystem?: string | undefined;
  /** The type of the rows, where it is known. */
  readonly recordType?: string | undefined;
  /** Ids of the records that the rows may refer to, by record type. */
  readonly known?: KnownIds | undefined;
}

const NO_IDS: KnownIds = new Map();

/**
 * Writes a first mapping for a source from a sample of its rows: which record type it is, which column is which field, how
 * dates and numbers are written, what looks misspelt. What was guessed says so in a comment. Errors: `unknown_format`
 * where the source has no columns, `too_many_columns`, and `unknown_record_type`.
 */
export async function suggestMapping(
  source: MatchedSource,
  recordTypes: readonly RecordTypeDefinition[],
  options: SuggestOptions = {},
): Promise<string> {
  const profiles = profileColumns(source);
  const types = options.recordType === undefined ? recordTypes : [typeOf(options.recordType, recordTypes)];
  const match = await matchType(profiles, fileStem(source.name), types);
  if (match === undefined || profiles.length === 0) {
    throw new SophiaError('unknown_format', 'There are no columns to map: the source has no rows that can be read.');
  }
  return writeMapping(checked(describe(match, profiles, source, options), match, source));
}

function typeOf(name: string, types: readonly RecordTypeDefinition[]): RecordTypeDefinition {
  const definition = types.find((type) => type.name === name);
  if (definition !== undefined) return definition;
  const names = types.map((type) => type.name);
  const near = nearest(name, names);
  const hint = near === undefined ? `there are ${names.join(', ')}.` : `did you mean ${near}?`;
  throw new SophiaError('unknown_record_type', `There is no record type ${JSON.stringify(name)}; ${hint}`, {
    details: { record_type: name, nearest: near === undefined ? [] : [near] },
  });
}

/** With what rejects rows of the sample, so that a person sees it before the import does. */
function checked(mapping: SuggestedMapping, { definition, columns }: TypeMatch, source: MatchedSource): SuggestedMapping {
  // Without an id every row is rejected, and the mapping is none yet.
  if (mapping.idColumn === undefined) return mapping;
  // The name of the source is judged when the mapping is used, and what nothing reads rejects nothing.
  const read = writeMapping({ ...mapping, sourceSystem: undefined, unused: [] });
  const rejections = rejectionsOf(read, definition, source);
  // Of these nothing is known until somebody says how they are read.
  const ambiguous = new Set(definition.fields.filter((field) => isOpen(field, columns.get(field.name))).map(({ name }) => name));
  const noteOf = ({ rows, message }: Rejections): string => `rejects ${rows} of ${source.sample.length} sampled rows: ${message}`;
  const notesOf = (field: string): readonly string[] => {
    const found = rejections.get(field);
    return found === undefined || ambiguous.has(field) ? [] : [noteOf(found)];
  };
  const proposed = new Set<string | undefined>(mapping.fields.map(({ field }) => field));
  return {
    ...mapping,
    fields: mapping.fields.map((field) => ({ ...field, notes: [...field.notes, ...notesOf(field.field)] })),
    notes: [...rejections].filter(([field]) => !proposed.has(field)).map(([, found]) => noteOf(found)),
  };
}

const isOpen = (field: FieldDefinition, profile: ColumnProfile | undefined): boolean =>
  profile !== undefined && isAmbiguous(field, profile);

function describe(match: TypeMatch, profiles: readonly ColumnProfile[], source: MatchedSource, options: SuggestOptions): SuggestedMapping {
  const { definition } = match;
  const columns = withName(match);
  const currencies = new Set(definition.fields.map(({ currency }) => currency));
  const fields = definition.fields.flatMap((field) => {
    const profile = columns.get(field.name);
    return profile === undefined ? [] : [suggestColumn(field, profile, currencies.has(field.name))];
  });
  const status = suggestStatus(definition, columns);
  const used = new Set([...columns.values(), match.idColumn].map((profile) => profile?.column));
  return {
    recordType: definition.name,
    isCertain: match.score >= 3,
    sourceSystem: options.sourceSystem,
    files: source.name === undefined ? [] : [source.name],
    idColumn: match.idColumn?.column,
    fields: [...fields, ...(status === undefined ? [] : [status]), ...currencyOf(definition, columns)],
    notes: [],
    nulls: suggestNulls(definition, columns),
    repairs: repairsOf(definition, columns, options.known ?? NO_IDS),
    unused: profiles.filter((profile) => !used.has(profile.column)).map((profile) => profile.column),
  };
}

/** An id that is a name names the record too. */
function withName({ definition, idColumn, columns }: TypeMatch): ReadonlyMap<string, ColumnProfile> {
  const isName = idColumn !== undefined && !/\d/.test([...idColumn.texts].slice(0, 20).join('')) && !/(^| )id$/.test(idColumn.words);
  if (!isName || columns.has('name') || !definition.fields.some((field) => field.name === 'name')) return columns;
  return new Map([...columns, ['name', idColumn]]);
}

/** The currency of amounts is seldom a column. */
function currencyOf(definition: RecordTypeDefinition, columns: ReadonlyMap<string, ColumnProfile>): SuggestedMapping['fields'] {
  const money = definition.fields.find((field) => field.type === 'money' && columns.has(field.name));
  if (money?.currency === undefined || columns.has(money.currency)) return [];
  const numbers = columns.get(money.name)?.numbers;
  const symbol = numbers?.kind === 'found' ? numbers.format.symbol : undefined;
  const code = CURRENCY_SIGNS.get(symbol ?? '') ?? (/^[A-Z]{3}$/.test(symbol ?? '') ? symbol : undefined);
  const note =
    code === undefined ? `the currency of ${money.name} is not in the data; USD is a guess` : `the currency of ${money.name}, by its sign`;
  return [{ field: money.currency, settings: [['constant', code ?? 'USD']], notes: [note] }];
}

function repairsOf(
  definition: RecordTypeDefinition,
  columns: ReadonlyMap<string, ColumnProfile>,
  known: KnownIds,
): readonly SuggestedRepair[] {
  const byColumn = new Map<string, SuggestedRepair>();
  const repaired = (field: FieldDefinition, profile: ColumnProfile): void => {
    const proposals = suggestRepairs(field, profile, known);
    if (proposals.length > 0) byColumn.set(profile.column, { rule: `${field.name}_spelling`, column: profile.column, proposals });
  };
  for (const field of definition.fields) {
    const profile = columns.get(field.name);
    if (profile !== undefined) repaired(field, profile);
  }
  return [...byColumn.values()];
}

const fileStem = (name: string | undefined): string => name?.replace(/\.[^.]*(\.(gz|zst))?$/, '') ?? '';
