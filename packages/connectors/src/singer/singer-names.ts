import { createHash } from 'node:crypto';
import { nameProblem } from '@sophia/core';

/** The name of the record type that a stream becomes. One that is called like a built-in type has the source system before its name. */
export function recordTypeName(stream: string, sourceSystem: string, builtin: ReadonlySet<string>): string {
  const plain = plainName(stream, 'stream');
  if (!builtin.has(plain)) return plain;
  const prefixed = plainName(`${sourceSystem}_${plain}`, 'stream');
  return builtin.has(prefixed) ? withHash(prefixed, stream) : prefixed;
}

/**
 * The fields that a stream's properties become, each of its own: lower case with underscores, long ones shortened with a
 * hash of the whole behind them. A name follows from the property, not from its place among the others. Where several
 * come to one name, the property that is called so has it, and the others have a hash of theirs behind it.
 */
export function fieldNames(properties: readonly string[], prefix: string): ReadonlyMap<string, string> {
  const names = new Map(properties.map((property) => [property, plainName(property, prefix)]));
  const wanted = [...names.values()];
  const isShared = (name: string): boolean => wanted.indexOf(name) !== wanted.lastIndexOf(name);
  return new Map([...names].map(([property, name]) => [property, property !== name && isShared(name) ? withHash(name, property) : name]));
}

const LONGEST = 50;

/** A name that fields may have: `createdAt` of `issues` is `issues_created_at`, since records have a `created_at` already. */
function plainName(original: string, prefix: string): string {
  const words = original
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  const base = /^[a-z]/.test(words) ? words : `${prefix}_${words || 'value'}`;
  const allowed = nameProblem(shortened(base)) === undefined ? base : `${prefix}_${base}`;
  return allowed.length <= LONGEST ? allowed : withHash(allowed, original);
}

const shortened = (name: string): string => name.slice(0, LONGEST).replace(/_+$/, '');

/** Below the 60 characters that a name may have. */
const withHash = (name: string, original: string): string =>
  `${shortened(name)}_${createHash('sha256').update(original).digest('hex').slice(0, 8)}`;
