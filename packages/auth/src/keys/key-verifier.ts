import { keyText } from '@sophia/core';
import type { Database } from '@sophia/database';
import type { Clock } from '@sophia/shared';
import type { Principal } from '@sophia/types';
import { createBoundedCache } from '../bounded-cache.ts';
import { hashSecret, isSameHash, KEY_PREFIX, type KeyParts, parseKey } from './key-format.ts';
import { FIND_KEY, type KeyRow } from './key-statements.ts';

/** A key that is in force. */
export interface VerifiedKey {
  readonly principal: Principal;
  readonly installation: boolean;
  readonly requestsPerSecond: number | null;
}

export interface KeyVerifier {
  /** The key in `text` from `start` on, if it was verified a short time ago; compared in constant time. */
  peek(text: string, start: number): VerifiedKey | undefined;
  /** The key, or undefined where there is none such in force. */
  verify(text: string): Promise<VerifiedKey | undefined>;
  /** Whether a key that was verified is in force still. */
  isInForce(key: VerifiedKey): Promise<boolean>;
  /** From now on `peek` and `verify` ask the database about this key again, also where a lookup is under way. */
  forget(id: string): void;
}

export interface KeyVerifierOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Milliseconds for which a key's row is believed. */
  readonly keepMilliseconds: number;
}

interface KnownKey extends VerifiedKey {
  readonly hash: Buffer;
  readonly expiresAt: number;
  /** When it is asked for again, while it is still believed: a key in use is never waited for. */
  refreshAt: number;
  believedUntil: number;
  /** The secret once it was proven, so that the hash need not be computed for each request. Never leaves this process's memory. */
  secret: string | undefined;
}

const MAXIMUM_KNOWN = 10_000;
const PRINCIPAL_PREFIX = 'key:';

/** Verifies keys against their stored hashes, and remembers the outcome for a short time. */
export function createKeyVerifier({ database, clock, keepMilliseconds }: KeyVerifierOptions): KeyVerifier {
  const known = createBoundedCache<string, KnownKey>(MAXIMUM_KNOWN);
  // Ids that are none: guessing one again costs no lookup.
  const missingUntil = createBoundedCache<string, number>(MAXIMUM_KNOWN);
  const lookups = new Map<string, Promise<KnownKey | null>>();

  const isInForce = (key: KnownKey): boolean => clock.now() < key.expiresAt;

  const lookUp = async ({ id, workspace }: KeyParts): Promise<KnownKey | null> => {
    const asked = clock.monotonic();
    const [row] = await database.select<KeyRow>([workspace], FIND_KEY, [id]);
    if (row === undefined || row.revoked_at !== null) return null;
    return { ...toVerifiedKey(row), refreshAt: asked + keepMilliseconds / 2, believedUntil: asked + keepMilliseconds, secret: undefined };
  };
  const load = (parts: KeyParts): Promise<KnownKey | null> => {
    const { id } = parts;
    const running = lookups.get(id);
    if (running !== undefined) return running;
    const lookup = lookUp(parts)
      .then((key) => {
        // Forgotten meanwhile: what was read may be what is no longer true.
        if (lookups.get(id) !== lookup) return key;
        if (key !== null) return keep(id, key);
        known.delete(id);
        missingUntil.set(id, clock.monotonic() + keepMilliseconds);
        return null;
      })
      .finally(() => {
        if (lookups.get(id) === lookup) lookups.delete(id);
      });
    lookups.set(id, lookup);
    return lookup;
  };
  /** A key's row never changes but by being revoked: what is known of it goes on, and so do the objects that others remember. */
  const keep = (id: string, found: KnownKey): KnownKey => {
    const before = known.get(id);
    if (before === undefined) {
      known.set(id, found);
      return found;
    }
    before.refreshAt = found.refreshAt;
    before.believedUntil = found.believedUntil;
    return before;
  };
  const refresh = (id: string, key: KnownKey): void => {
    key.refreshAt = Number.POSITIVE_INFINITY;
    load({ id, secret: '', workspace: key.principal.workspace }).catch(() => {
      // Whoever asks when it is no longer believed hears why.
    });
  };
  const find = async (parts: KeyParts): Promise<KnownKey | null> => {
    const { id } = parts;
    const now = clock.monotonic();
    const key = known.get(id);
    if (key !== undefined && now < key.believedUntil) return key;
    if (now < (missingUntil.get(id) ?? 0)) return null;
    return load(parts);
  };

  return {
    peek(text, start) {
      const end = text.indexOf('_', start + KEY_PREFIX.length);
      if (end === -1) return undefined;
      const id = text.slice(start + KEY_PREFIX.length, end);
      const key = known.get(id);
      const now = clock.monotonic();
      if (key?.secret === undefined || now >= key.believedUntil || !isInForce(key)) return undefined;
      if (!endsWithSecret(text, end + 1, key.secret)) return undefined;
      if (now >= key.refreshAt) refresh(id, key);
      return key;
    },
    async verify(text) {
      const parts = parseKey(text);
      if (parts === undefined) return undefined;
      const key = await find(parts);
      if (key === null || !isInForce(key) || !isSecretOf(key, parts.secret)) return undefined;
      key.secret = parts.secret;
      return key;
    },
    async isInForce({ principal: { id, workspace } }) {
      const key = await find({ id: id.slice(PRINCIPAL_PREFIX.length), workspace, secret: '' });
      return key !== null && isInForce(key);
    },
    forget(id) {
      known.delete(id);
      missingUntil.delete(id);
      lookups.delete(id);
    },
  };
}

/** A secret that was proven before is compared as it is, another one by its hash; both in constant time. */
const isSecretOf = ({ secret, hash }: KnownKey, found: string): boolean =>
  (secret !== undefined && endsWithSecret(found, 0, secret)) || isSameHash(hashSecret(found), hash);

/** Looks at every character whatever it finds, so that the time says nothing about where they differ. */
function endsWithSecret(text: string, start: number, secret: string): boolean {
  if (text.length - start !== secret.length) return false;
  let difference = 0;
  for (let index = 0; index < secret.length; index++) difference |= text.charCodeAt(start + index) ^ secret.charCodeAt(index);
  return difference === 0;
}

function toVerifiedKey(row: KeyRow): Pick<KnownKey, keyof VerifiedKey | 'hash' | 'expiresAt'> {
  const { user_source_system: system, user_source_id: sourceId } = row;
  const principal: Principal = {
    id: `${PRINCIPAL_PREFIX}${row.id}`,
    name: row.name,
    role: row.role,
    // Numbers of workspaces come from the database alone.
    workspace: row.workspace as Principal['workspace'],
    workspaceName: row.workspace_name,
    ...(system === null || sourceId === null ? {} : { userRecord: { source_system: keyText(system), source_id: keyText(sourceId) } }),
  };
  return {
    principal,
    installation: row.installation,
    requestsPerSecond: row.requests_per_second,
    hash: row.hash,
    expiresAt: row.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(row.expires_at),
  };
}
