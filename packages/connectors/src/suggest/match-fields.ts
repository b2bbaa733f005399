import { setImmediate as breathe } from 'node:timers/promises';
import type { FieldDefinition, RecordTypeDefinition } from '@sophia/types';
import { type ComparedName, comparedName, compileNameScore, containsWords, IDS } from './name-score.ts';
import { type ColumnProfile, wordsOf } from './profile-column.ts';
import { typeSynonyms } from './vocabulary.ts';

/** How well a source fits a record type. */
export interface TypeMatch {
  readonly definition: RecordTypeDefinition;
  readonly idColumn: ColumnProfile | undefined;
  readonly columns: ReadonlyMap<string, ColumnProfile>;
  readonly score: number;
}

/** What the file's name says is worth as much as two columns. */
const FILE_NAME = 2;
const ID_COLUMN = 1.5;

/** The record type that the columns and the file's name fit best. Others have their turn between two types, of which there may be many. */
export async function matchType(
  profiles: readonly ColumnProfile[],
  fileName: string,
  types: readonly RecordTypeDefinition[],
): Promise<TypeMatch | undefined> {
  const columns = profiles.map((profile) => ({ profile, name: comparedName(profile.words) }));
  const file = comparedName(wordsOf(fileName));
  const matches: TypeMatch[] = [];
  for (const definition of types) {
    await breathe();
    matches.push(match(columns, file, definition));
  }
  return matches.sort((a, b) => b.score - a.score)[0];
}

interface Column {
  readonly profile: ColumnProfile;
  readonly name: ComparedName;
}

interface Pair {
  readonly field: FieldDefinition;
  readonly profile: ColumnProfile;
  readonly score: number;
}

function match(sampled: readonly Column[], file: ComparedName, definition: RecordTypeDefinition): TypeMatch {
  const profiles = sampled.map(({ profile }) => profile);
  const idColumn = findId(profiles, definition.name);
  const pairs = definition.fields.flatMap((field) => pairsOf(definition.name, field, sampled)).sort((a, b) => b.score - a.score);
  const columns = new Map<string, ColumnProfile>();
  const used = new Set<string>();
  let score = typeWords(definition.name).some((word) => containsWords(file, comparedName(word))) ? FILE_NAME : 0;
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

const typeWords = (type: string): readonly string[] => [...typeSynonyms(type), wordsOf(type)];

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

function pairsOf(type: string, field: FieldDefinition, columns: readonly Column[]): readonly Pair[] {
  const scoreOf = compileNameScore(type, field.name, comparedName(wordsOf(field.name)));
  return columns.flatMap(({ profile, name }) => {
    const score = scoreOf(name);
    return score > 0 && isCompatible(field, profile) ? [{ field, profile, score }] : [];
  });
}

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
