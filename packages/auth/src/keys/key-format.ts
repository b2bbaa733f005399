import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { WorkspaceId } from '@sophia/types';

/** A key's text is `sophia_<id>_<secret>`: the id is public and finds the key, the secret proves it. */
export interface KeyParts {
  readonly id: string;
  readonly secret: string;
  readonly workspace: WorkspaceId;
}

export const KEY_PREFIX = 'sophia_';
const SECRET_BYTES = 32;
const SECRET_LENGTH = 43;
const ID = /^([1-7])([0-9a-z]{15,21})$/;
const ID_CHANCE = 14;
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** A new key of the workspace: 256 bits of chance, and an id that begins with the workspace's number. */
export function makeKey(workspace: WorkspaceId): KeyParts & { readonly text: string } {
  const number = workspace.toString(36);
  const chance = Array.from(randomBytes(ID_CHANCE), (byte) => DIGITS.charAt(byte % DIGITS.length)).join('');
  const id = `${number.length}${number}${chance}`;
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { id, secret, workspace, text: `${KEY_PREFIX}${id}_${secret}` };
}

/** The parts of a key's text, or undefined when it cannot be one. */
export function parseKey(text: string): KeyParts | undefined {
  const end = text.indexOf('_', KEY_PREFIX.length);
  if (!text.startsWith(KEY_PREFIX) || end === -1) return undefined;
  const [id, secret] = [text.slice(KEY_PREFIX.length, end), text.slice(end + 1)];
  const workspace = workspaceOfKey(id);
  return secret.length === SECRET_LENGTH && workspace !== undefined ? { id, secret, workspace } : undefined;
}

export const isKeyId = (text: string): boolean => workspaceOfKey(text) !== undefined;

/** The workspace that a key's id begins with. */
function workspaceOfKey(id: string): WorkspaceId | undefined {
  const [, length, rest] = ID.exec(id) ?? [];
  if (length === undefined || rest === undefined || rest.length !== Number(length) + ID_CHANCE) return undefined;
  const number = Number.parseInt(rest.slice(0, Number(length)), 36);
  // Numbers of workspaces are PostgreSQL integers.
  return number > 0 && number <= 2_147_483_647 ? (number as WorkspaceId) : undefined;
}

/** What is stored of a secret. A slow hash would add nothing: it has 256 bits of chance. */
export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export const isSameHash = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other);
