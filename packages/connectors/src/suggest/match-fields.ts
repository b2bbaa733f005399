import type { FieldDefinition, RecordTypeDefinition } from '@sophia/types';
import { type ColumnProfile, wordsOf } from './profile-column.ts';
import { FIELD_WORDS, TYPE_WORDS } from './vocabulary.ts';

/** How well a source fits a record type. */
export interface TypeMatch {
  readonly definition: RecordTypeDefinition;
  readonly idColumn: ColumnProfile | undefined;
  readonly columns: ReadonlyMap<string, ColumnProfile>;
  readonly score: number;
}

/** Names of columns that say which record a row is, of whatever type, and nothing else of it. */
const IDS: readonly string[] = ['id', 'source id', 'key', 'uuid', 'guid'];

const OWN_NAME = 1;
const SYNONYM = 0.9;
const SHARED_WORDS = 0.5;
/** What the file's name says is worth as much as two columns. */
const FILE_NAME = 2;
const ID_COLUMN = 1.5;

/** The record type that the columns and the file's name fit best. */
export function matchType(
  profiles: readonly ColumnProfile[],
  fileName: string,
  types: readonly RecordTypeDefinition[],
): TypeMatch | undefined {
  const matches = types.map((definition) => match(profiles, wordsOf(fileName), definition));
  return matches.sort((a, b) => b.score - a.score)[0];
}

function match(profiles: readonly ColumnProfile[], fileWords: string, definition: RecordTypeDefinition): TypeMatch {
  const idColumn = findId(profiles, definition.name);
  const pairs = definition.fields
    .flatMap((field) => profiles.map((profile) => ({ field, profile, score: pairScore(definition.name, field, profile) })))
    .filter((pair) => pair.score > 0)
    .sort((a, b) => b.score - a.score);
  const columns = new Map<string, ColumnProfile>();
  const used = new Set<string>();
  let score = typeWords(definition.name).some((word) => containsWords(fileWords, word)) ? FILE_NAME : 0;
  if (idColumn !== undefined) score += ID_COLUMN * (idNames(definition.name).has(idColumn.words) ? 1 : 0.2);
  for (const pair of pairs) {
    if (columns.has(pair.field.name) || used.has(pair.profile.column)) continue;
    columns.set(pair.field.name, pair.profile);
    used.add(pair.profile.column);
    score += pair.score;
  }
  // A column that nothing uses speaks against the type as much as a used one speaks for it, but less.
  score -= profiles.filter((profile) => !used.has(profile.column) && profile !== idColumn).length * 0.25;
  return { definition, idColumn, columns, score };
}

const typeWords = (type: string): readonly string[] => [...(TYPE_WORDS[type] ?? []), wordsOf(type)];

/** Names that an id's column may have: `id`, `deal id`, and, where names are ids, `deal`, `deal name`. */
const idNames = (type: string): ReadonlySet<string> =>
  new Set(typeWords(type).flatMap((word) => [`${word} id`, `${word} key`, `${word} number`, `${word} code`, word, `${word} name`]));

/** The first column that names each row: by its own name, else by that of an id, else `name`, else the first. */
function findId(profiles: readonly ColumnProfile[], type: string): ColumnProfile | undefined {
  const unique = profiles.filter((profile) => profile.isUnique && !profile.hasEmpty && !profile.isNested);
  const names = [...idNames(type)];
  const byName = names.flatMap((name) => unique.filter((profile) => profile.words === name));
  const general = [...IDS, 'name', 'email'].flatMap((name) => unique.filter((profile) => profile.words === name));
  return [...byName.filter((profile) => profile.words.endsWith(' id')), ...general.slice(0, 1), ...byName, ...unique][0];
}

function pairScore(type: string, field: FieldDefinition, profile: ColumnProfile): number {
  return isCompatible(field, profile) ? nameScore(type, field, profile.words) : 0;
}

function nameScore(type: string, field: FieldDefinition, words: string): number {
  const own = wordsOf(field.name);
  if (words === own) return OWN_NAME;
  if (IDS.includes(words)) return 0;
  const synonyms = [...(FIELD_WORDS[type]?.[field.name] ?? []), ...(FIELD_WORDS['*']?.[field.name] ?? [])];
  const place = synonyms.indexOf(words);
  if (place !== -1) return SYNONYM - place * 0.01;
  if (words.replace(/ (id|at|on|date|name)$/, '') === own.replace(/ (id|at|on|date|name)$/, '')) return SYNONYM - 0.1;
  return own.length > 3 && (containsWords(words, own) || (own.includes(' ') && containsWords(own, words) && /[^ ]{4}$/.test(words)))
    ? SHARED_WORDS
    : 0;
}

const containsWords = (text: string, words: string): boolean =>
  ` ${text} `.includes(` ${words} `) || ` ${text} `.includes(` ${words}s `) || ` ${text} `.includes(` ${words.replace(/y$/, 'ie')}s `);

/** Whether the column's values could be of the field's type. A column without values could be of any. */
function isCompatible(field: FieldDefinition, { texts, dates, numbers, isNested }: ColumnProfile): boolean {
  if (isNested) return field.type === 'json' || field.type === 'text_list';
  if (texts.length === 0) return true;
  switch (field.type) {
    case 'date':
    case 'timestamp':
      return dates.kind !== 'none';
    case 'integer':
    case 'number':
    case 'money':
      return numbers.kind !== 'none';
    case 'boolean':
      return texts.every((text) => /^(true|false|yes|no|[tfyn01])$/i.test(text));
    case 'text':
    case 'reference':
      return dates.kind === 'none' || numbers.kind !== 'none';
    default:
      return true;
  }
}
