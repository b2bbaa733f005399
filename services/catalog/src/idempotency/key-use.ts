import { createHash } from 'node:crypto';
import type { Call } from '@sophia/types';
import type { IdempotencyKey } from '../catalog.ts';
import { digestOf } from '../rows/content-hash.ts';
import type { KeyUse } from './idempotency-keys.ts';

/** The use of a key by this call for this content, of which a hash is kept; undefined without a key. */
export function keyUse({ principal }: Call, idempotency: IdempotencyKey | undefined, ...content: readonly unknown[]): KeyUse | undefined {
  if (idempotency === undefined) return undefined;
  const hash = createHash('sha256');
  for (const part of content) hash.update(JSON.stringify(part ?? null)).update('\n');
  return { ...idempotency, workspace: principal.workspace, principal: principal.id, fingerprint: digestOf(hash) };
}
