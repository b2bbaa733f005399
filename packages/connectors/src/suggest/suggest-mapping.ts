import { SophiaError } from '@sophia/shared';
import type { FieldDefinition, RecordTypeDefinition } from '@sophia/types';
import type { MatchedSource } from '../mapping/match-mapping.ts';
import { matchType, type TypeMatch } from './match-fields.ts';
import { type ColumnProfile, profileColumns } from './profile-column.ts';
import { suggestColumn } from './suggest-column.ts';
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
 * where the source has no columns.
 */
export function suggestMapping(source: MatchedSource, recordTypes: readonly RecordTypeDefinition[], options: SuggestOptions = {}): string {
  const profiles = profileColumns(source);
  const types = options.recordType === undefined ? recordTypes : recordTypes.filter((type) => type.name === options.recordType);
  const match = matchType(profiles, fileStem(source.name), types);
  if (match === undefined || profiles.length === 0) {
    throw new SophiaError('unknown_format', 'There are no columns to map: the source has no rows that can be read.');
  }
  return writeMapping(describe(match, profiles, source, options));
}

function describe(match: TypeMatch, profiles: readonly ColumnProfile[], source: MatchedSource, options: SuggestOptions): SuggestedMapping {
  const { definition } = match;
  const columns = withName(match);
  const fields = definition.fields.flatMap((field) => {
    const profile = columns.get(field.name);
    return profile === undefined ? [] : [suggestColumn(field, profile)];
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
  const code = CURRENCIES.get(symbol ?? '') ?? (/^[A-Z]{3}$/.test(symbol ?? '') ? symbol : undefined);
  const note =
    code === undefined ? `the currency of ${money.name} is not in the data; USD is a guess` : `the currency of ${money.name}, by its sign`;
  return [{ field: money.currency, settings: [['constant', code ?? 'USD']], notes: [note] }];
}

const CURRENCIES: ReadonlyMap<string, string> = new Map([
  ['$', 'USD'],
  ['€', 'EUR'],
  ['£', 'GBP'],
  ['¥', 'JPY'],
  ['₹', 'INR'],
]);

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
