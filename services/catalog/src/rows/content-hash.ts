import { type Hash, hash } from 'node:crypto';
import type { BusinessPriority } from '@sophia/types';

/** 132 bits of SHA-256: beyond any accident. */
const LENGTH = 22;

/**
 * What tells a change from the same content sent again: a hash over the data in canonical JSON
 * (RFC 8785), and the priority where there is one.
 */
export function contentHash(canonicalData: string, priority: BusinessPriority | null): string {
  return digest(priority === null ? canonicalData : `${canonicalData}\n${priority}`);
}

/** SHA-256 of a text in base64url, truncated. As text it takes a third of the time that bytes do: 0.4 microseconds a row. */
export const digest = (text: string): string => hash('sha256', text, 'base64url').slice(0, LENGTH);

/** The same of what a hash has seen so far. */
export const digestOf = (seen: Hash): string => seen.copy().digest('base64url').slice(0, LENGTH);
