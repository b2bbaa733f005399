import { holdsMore, isJsonObject, parseVerbatimJson, SophiaError, withExactIntegers } from '@sophia/shared';
import type { JsonObject, JsonValue } from '@sophia/types';
import { isDeeper } from '../read/parse-object.ts';

/** A line of the Singer specification (version 0.3). */
export type SingerMessage =
  | {
      readonly type: 'SCHEMA';
      readonly stream: string;
      readonly schema: JsonObject;
      readonly keyProperties: readonly string[];
      readonly bookmarkProperties: readonly string[];
    }
  | { readonly type: 'RECORD'; readonly stream: string; readonly record: JsonObject; readonly version: number | undefined }
  | { readonly type: 'STATE'; readonly value: JsonValue }
  | { readonly type: 'ACTIVATE_VERSION'; readonly stream: string; readonly version: number };

export type SchemaMessage = Extract<SingerMessage, { type: 'SCHEMA' }>;

/**
 * Reads one line. Anything that is no message ends the import with `invalid_singer_message`: it may be a record that was
 * cut, and a state behind it would say that the record is in.
 */
export function parseSingerMessage(line: string, number: number): SingerMessage {
  const message = parse(line, number);
  const fail = (expected: string): never => {
    throw invalidMessage(number, expected);
  };
  const stream = (): string => (typeof message.stream === 'string' && message.stream !== '' ? message.stream : fail('a stream'));
  const object = (key: string): JsonObject => {
    const value = message[key];
    return isJsonObject(value) ? value : fail(`an object in ${key}`);
  };
  /** A record without one stays when another version is activated, so that one which cannot be read must not pass for none. */
  const version = (): number | undefined => {
    if (message.version === undefined || message.version === null) return undefined;
    return Number.isSafeInteger(message.version) ? Number(message.version) : fail(VERSION);
  };
  switch (message.type) {
    case 'SCHEMA':
      return {
        type: 'SCHEMA',
        stream: stream(),
        schema: object('schema'),
        keyProperties: names(message.key_properties) ?? fail('a list of names in key_properties'),
        bookmarkProperties: names(message.bookmark_properties) ?? fail('a list of names in bookmark_properties'),
      };
    case 'RECORD':
      return { type: 'RECORD', stream: stream(), record: object('record'), version: version() };
    case 'STATE':
      return { type: 'STATE', value: message.value ?? null };
    case 'ACTIVATE_VERSION':
      return { type: 'ACTIVATE_VERSION', stream: stream(), version: version() ?? fail(VERSION) };
    default:
      return fail('a message of type SCHEMA, RECORD, STATE or ACTIVATE_VERSION');
  }
}

const VERSION = 'a number in version';

export const invalidMessage = (line: number, expected: string): SophiaError =>
  new SophiaError('invalid_singer_message', `Line ${line} of the tap: expected ${expected}.`, { details: { line } });

/** A schema or a state may hold much; more than this keeps the process from all else while it is parsed. */
const MAX_MEMBERS = 100_000;
/** Of schemas and states, and of what a row tells by itself: what works on a deeper one runs out of stack. */
const MAX_DEPTH = 500;

function parse(line: string, number: number): JsonObject {
  if (holdsMore(line, MAX_MEMBERS)) throw invalidMessage(number, `at most ${MAX_MEMBERS} members and values`);
  let value: JsonValue;
  try {
    value = withIntegers(JSON.parse(line), line);
  } catch (cause) {
    throw new SophiaError('invalid_singer_message', `Line ${number} of the tap is no JSON${reasonOf(line)}.`, {
      cause,
      details: { line: number },
    });
  }
  // Each level takes two characters.
  if (line.length > 2 * MAX_DEPTH && isDeeper(value, MAX_DEPTH))
    throw invalidMessage(number, `at most ${MAX_DEPTH} levels of objects and arrays`);
  if (!isJsonObject(value)) throw invalidMessage(number, 'a message, which is an object');
  return value;
}

/** The last one may be cut. */
const TEXTS = /"(?:[^"\\]|\\.)*"?/g;

/** What Python writes of floats that are no numbers, unless told otherwise. */
function reasonOf(line: string): string {
  const [found] = /-?\b(?:NaN|Infinity)\b/.exec(line.replace(TEXTS, '')) ?? [];
  return found === undefined || !line.startsWith('{') ? '' : `: it has ${found}, for which the tap must write null`;
}

/** Ids of a record remain apart, and a tap gets its bookmark back as it wrote it, where they count in 64 bits. */
function withIntegers(message: JsonValue, line: string): JsonValue {
  switch (isJsonObject(message) ? message.type : undefined) {
    case 'RECORD':
      return withExactIntegers(message, line);
    case 'STATE':
      return parseVerbatimJson(line);
    default:
      return message;
  }
}

/** A tap may leave a list out, or name one property without a list. */
function names(value: JsonValue | undefined): readonly string[] | undefined {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : undefined;
}
