import type { CatalogRecord } from '@sophia/types';

/** Records of a type stand in the order of these, byte by byte. */
export type Key = readonly [sourceSystem: string, sourceId: string];

export const keyOf = ({ source_system, source_id }: Pick<CatalogRecord, 'source_system' | 'source_id'>): Key => [source_system, source_id];

/**
 * Where a portion ends: at the shortest text behind the first key of its edge that is not behind the second. A caller who may see
 * none of the records around it learns how very many keys begin, and no key.
 */
export function lastPlace([system, id, lastSystem, lastId]: readonly [...Key, ...Key]): Key {
  return system === lastSystem ? [system, shortestBehind(id, lastId)] : [shortestBehind(system, lastSystem), ''];
}

/** The shortest beginning of `last` that is behind `text`. */
function shortestBehind(text: string, last: string): string {
  const [characters, others] = [[...text], [...last]];
  return others.slice(0, others.findIndex((character, index) => character !== characters[index]) + 1).join('');
}

/** Whether a record is not behind a place. */
export const upTo =
  ([system, id]: Key) =>
  (record: Pick<CatalogRecord, 'source_system' | 'source_id'>): boolean =>
    (compareBytes(record.source_system, system) || compareBytes(record.source_id, id)) <= 0;

const compareBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
