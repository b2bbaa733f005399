import { nearest } from '@sophia/shared';
import type { JsonPrimitive } from '@sophia/types';
import { isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

/** What is wrong in a mapping file, and where. */
export interface MappingProblem {
  readonly line: number;
  readonly message: string;
}

/** A YAML map whose values are asked for by key; what is wrong is noted with its line. */
export interface YamlMap {
  /** Whether the key has a value. */
  has(key: string): boolean;
  /** Whether the key has a plain value, or none, rather than a map or list. */
  isPlain(key: string): boolean;
  text(key: string): string | undefined;
  requiredText(key: string): string;
  /** Not an empty text: for names of columns. */
  texts(key: string): readonly string[];
  flag(key: string): boolean;
  primitive(key: string): JsonPrimitive | undefined;
  /** Keys and plain values of a map within. */
  table(key: string): ReadonlyMap<string, JsonPrimitive> | undefined;
  map(key: string): YamlMap | undefined;
  maps(key: string): readonly YamlMap[];
  keys(): readonly string[];
  /** Notes a problem at the key, or at the map itself. */
  problem(key: string | undefined, message: string): void;
  /** Notes each key that is none of these, with the nearest of them. */
  allow(keys: readonly string[]): void;
}

export interface YamlFile {
  readonly lines: LineCounter;
  readonly problems: MappingProblem[];
}

/** Wraps a node; one that is no map is noted and taken as an empty one. `what` names it in messages. */
export function yamlMap(file: YamlFile, node: unknown, what: string, line = 1): YamlMap {
  const entries = new Map<string, { readonly key: Node; readonly value: unknown }>();
  const lineOf = (place: unknown, otherwise: number): number => {
    const offset = isNodeWithRange(place) ? place.range[0] : undefined;
    return offset === undefined ? otherwise : file.lines.linePos(offset).line;
  };
  const own = lineOf(node, line);
  const note = (at: number, message: string): void => void file.problems.push({ line: at, message });
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      if (!isScalar(key) || !isPrimitive(key.value)) continue;
      const name = sourceText(key, key.value);
      if (entries.has(name)) note(lineOf(key, own), `${what} has ${name} twice`);
      entries.set(name, { key, value });
    }
  } else note(own, `${what} must be a map of keys and values`);

  const has = (key: string): boolean => {
    const value = entries.get(key)?.value;
    return value !== undefined && value !== null && !(isScalar(value) && value.value === null);
  };
  const keyLine = (key: string | undefined): number => (key === undefined ? own : lineOf(entries.get(key)?.key, own));
  const problem = (key: string | undefined, message: string): void => note(keyLine(key), message);
  const plain = (key: string, value: unknown): JsonPrimitive | undefined => {
    if (value === null || value === undefined) return null;
    if (isScalar(value) && isPrimitive(value.value)) return exactValue(value, value.value);
    problem(key, `${key} must be a plain value`);
    return undefined;
  };
  const text = (key: string): string | undefined => {
    const entry = entries.get(key);
    const value = entry === undefined ? null : plain(key, entry.value);
    return value === null || value === undefined ? undefined : sourceText(entry?.value, value);
  };
  return {
    has,
    isPlain: (key) => !isMap(entries.get(key)?.value) && !isSeq(entries.get(key)?.value),
    text,
    requiredText(key) {
      const value = text(key);
      if (value === undefined || value === '') problem(entries.has(key) ? key : undefined, `${what} needs ${key}`);
      return value ?? '';
    },
    texts(key) {
      const value = entries.get(key)?.value;
      const items = isSeq(value) ? value.items : [value];
      return items.flatMap((item) => {
        const found = plain(key, item);
        return found === null || found === undefined ? [] : [sourceText(item, found)];
      });
    },
    flag(key) {
      const value = text(key);
      if (value !== undefined && value !== 'true' && value !== 'false') problem(key, `${key} must be true or false`);
      return value === 'true';
    },
    primitive: (key) => (entries.has(key) ? plain(key, entries.get(key)?.value) : undefined),
    table(key) {
      if (!has(key)) return undefined;
      const inner = yamlMap(file, entries.get(key)?.value, key, keyLine(key));
      return new Map(inner.keys().flatMap((name) => [[name, inner.primitive(name) ?? null] as const]));
    },
    map: (key) => (has(key) ? yamlMap(file, entries.get(key)?.value, key, keyLine(key)) : undefined),
    maps(key) {
      const value = entries.get(key)?.value;
      if (!has(key)) return [];
      if (isSeq(value)) return value.items.map((item) => yamlMap(file, item, `each of ${key}`, keyLine(key)));
      problem(key, `${key} must be a list`);
      return [];
    },
    keys: () => [...entries.keys()],
    problem,
    allow(keys) {
      for (const key of entries.keys()) {
        if (!keys.includes(key)) problem(key, `${what} has no key ${key}${suggestion(key, keys)}`);
      }
    },
  };
}

/** The end of a sentence about a wrong name: the nearest right one, else all of them. */
export function suggestion(found: string, known: readonly string[]): string {
  const near = nearest(found, known);
  if (near !== undefined) return `; did you mean ${near}?`;
  return known.length <= 30 ? `; known are ${known.join(', ')}` : '';
}

const isPrimitive = (value: unknown): value is JsonPrimitive =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const isNodeWithRange = (node: unknown): node is { readonly range: readonly number[] } =>
  typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);

/** Digits that any double holds. */
const DOUBLE_DIGITS = 15;

/** A number of more digits than a double holds is its text: ids of 64 bits stay apart, and amounts are as they are written. */
function exactValue(node: { readonly source?: string }, value: JsonPrimitive): JsonPrimitive {
  const { source } = node;
  if (typeof value !== 'number' || source === undefined) return value;
  const isShort = Number.isFinite(value) && source.replace(/\D/g, '').length <= DOUBLE_DIGITS;
  return isShort || (String(value) === source && !isLargeInteger(value)) ? value : source;
}

/** Which fields take as a text alone. */
const isLargeInteger = (value: number): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);

/** As it is written: `1.0` and `007` are names too. */
const sourceText = (node: unknown, value: JsonPrimitive): string =>
  isScalar(node) && typeof node.value !== 'string' && node.source !== undefined ? node.source : String(value);
