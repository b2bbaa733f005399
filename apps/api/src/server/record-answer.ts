import { crc32 } from 'node:zlib';
import type { CatalogRecord } from '@sophia/types';

/** A record as it is answered. */
export interface RecordAnswer {
  readonly body: Buffer;
  readonly etag: string;
  /** Headers in pairs: the entity tag, and what caches need. */
  readonly headers: readonly string[];
}

/**
 * What is sent of a record, with a tag of its version and its bytes: what is masked for a caller, or a source's number that
 * has moved, changes them without a version. The sum costs 0.3 microseconds, a hash three times that.
 */
export const recordAnswer = (record: CatalogRecord): RecordAnswer => {
  const body = Buffer.from(JSON.stringify(record));
  const etag = `"${record.version}-${crc32(body).toString(36)}"`;
  return { body, etag, headers: ['etag', etag, 'cache-control', 'private, no-cache', 'vary', 'authorization, accept-encoding'] };
};

/** Proxies that compress make a tag weak; the version in it is as exact as before. */
const TAG = /^(?:W\/)?"([0-9]{1,10})(?:-[0-9a-z]{1,7})?"$/;

/** The version that a record's tag names, or a tag of the version alone; undefined where it is neither. */
export const versionOfTag = (tag: string): number | undefined => {
  const version = TAG.exec(tag)?.[1];
  return version === undefined ? undefined : Number(version);
};
