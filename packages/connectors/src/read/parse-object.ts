import { holdsMore, isJsonObject, parseExactJson } from '@sophia/shared';
import type { JsonValue } from '@sophia/types';
import { brokenRow, type SourceRow } from './source-row.ts';

/** Deepest nesting that is read: all that works on a row later may recurse. */
const MAX_DEPTH = 64;
/** Most members and values of a row: more keep the process from all else while they are taken in. */
export const MAX_ROW_MEMBERS = 10_000;
const TOO_MANY = `Expected at most ${MAX_ROW_MEMBERS} members and values.`;
const TOO_DEEP = `Expected at most ${MAX_DEPTH} levels of objects and arrays.`;

/** A row from the text of one JSON object; whatever else it holds makes it a broken row. */
export function parseObject(text: string, line: number): SourceRow {
  if (holdsMore(text, MAX_ROW_MEMBERS)) return brokenRow(line, 'too_many_fields', TOO_MANY, text);
  let value: JsonValue;
  try {
    value = parseExactJson(text);
  } catch (error) {
    return brokenRow(line, 'invalid_json', `This is no JSON: ${problemOf(error)}.`, text);
  }
  if (!isJsonObject(value)) return brokenRow(line, 'invalid_json', `Expected an object, found ${nameOf(value)}.`, text);
  for (const name in value) {
    const member = value[name];
    if (typeof member === 'object' && isDeeper(member, MAX_DEPTH - 1)) return brokenRow(line, 'json_too_deep', TOO_DEEP, text);
  }
  return { line, values: value };
}

/** A row from the text of the JSON array of its cells, which `parse` reads. NaN and Infinity, which JSON has no numbers for, are their texts. */
export function parseCells(text: string, line: number, parse: (text: string) => JsonValue): SourceRow {
  if (holdsMore(text, MAX_ROW_MEMBERS)) return brokenRow(line, 'too_many_fields', TOO_MANY, text);
  const values = tryParse(text, parse) ?? (parse(withTextsForOthers(text)) as JsonValue[]);
  const isTooDeep = values.some((value) => typeof value === 'object' && isDeeper(value, MAX_DEPTH - 1));
  return isTooDeep ? brokenRow(line, 'json_too_deep', TOO_DEEP, text) : { line, values };
}

function tryParse(text: string, parse: (text: string) => JsonValue): readonly JsonValue[] | undefined {
  try {
    return parse(text) as JsonValue[]; // The text is that of an array.
  } catch {
    return undefined; // Which the caller reads in another way.
  }
}

/** Texts, and what is no number of JSON. */
const TEXTS_AND_OTHERS = /"(?:[^"\\]|\\.)*"|NaN|-?Infinity/g;

const withTextsForOthers = (text: string): string => text.replace(TEXTS_AND_OTHERS, (part) => (part.startsWith('"') ? part : `"${part}"`));

/** The value of a JSON text, or undefined where it is none, too deep or holds too much. */
export function parseJsonText(text: string): JsonValue | undefined {
  if (holdsMore(text, MAX_ROW_MEMBERS)) return undefined;
  try {
    const value = parseExactJson(text);
    return isDeeper(value, MAX_DEPTH) ? undefined : value;
  } catch {
    return undefined; // Which the caller reports with its place.
  }
}

/** Whether objects and arrays are nested deeper than so many levels. */
export function isDeeper(value: JsonValue | undefined, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const member of Object.values(value)) if (typeof member === 'object' && isDeeper(member, levels - 1)) return true;
  return false;
}

function nameOf(value: JsonValue): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/** What V8 says, without the excerpt of the text that it adds. */
const problemOf = (error: unknown): string =>
  String(error)
    .replace(/^\w+: /, '')
    .replace(/[,:]? "[\s\S]*$| \(line[^)]*\)$/, '');
