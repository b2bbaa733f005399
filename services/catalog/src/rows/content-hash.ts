import { hash } from 'node:crypto';
import type { BusinessPriority } from '@sophia/types';

/** Bytes of a content hash: half of SHA-256, beyond any accident among the versions of one record. */
export const HASH_BYTES = 16;

/**
 * What tells a change from the same content sent again: a hash over the data in canonical JSON
 * (RFC 8785), and the priority where there is one.
 */
export function contentHash(canonicalData: string, priority: BusinessPriority | null): Buffer {
  return digest(priority === null ? canonicalData : `${canonicalData}\n${priority}`);
}

/** SHA-256 of a text, truncated. */
export const digest = (text: string): Buffer => hash('sha256', text, 'buffer').subarray(0, HASH_BYTES);
