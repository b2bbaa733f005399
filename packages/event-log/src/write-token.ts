import { crc32 } from 'node:zlib';
import { SophiaError } from '@sophia/shared';
import type { WriteToken, WriteTokenParts } from '@sophia/types';

/** Base64url of `<epoch>.<transaction id>.<WAL position>.<checksum>`; the checksum tells a damaged token, it is no signature. */
export function encodeWriteToken({ epoch, transactionId, walPosition }: WriteTokenParts): WriteToken {
  const text = `${epoch}.${transactionId}.${walPosition}`;
  // The only maker of write tokens.
  return Buffer.from(`${text}.${checksum(text)}`).toString('base64url') as WriteToken;
}

/** Throws `invalid_token`, or `cursor_of_another_log` for a token of another epoch. */
export function decodeWriteToken(epoch: string, token: string): WriteTokenParts {
  const bytes = Buffer.from(token.slice(0, LONGEST), 'base64url');
  // One token has one spelling.
  const parts = bytes.toString('base64url') === token ? FORM.exec(bytes.toString('latin1')) : null;
  const [, text, found, transactionId, walPosition, sum] = parts ?? [];
  if (text === undefined || found === undefined || transactionId === undefined || walPosition === undefined || checksum(text) !== sum) {
    throw new SophiaError('invalid_token', 'The token is none that a write answered with: send it as it was received.');
  }
  if (found !== epoch) {
    throw new SophiaError(
      'cursor_of_another_log',
      'The log was begun anew, restored or moved since this token was given: send the read without it.',
      {
        details: { expected: epoch, found },
      },
    );
  }
  return { epoch, transactionId, walPosition };
}

const LONGEST = 200;
const FORM = /^(([0-9a-z]{1,16})\.(\d{1,20})\.([0-9A-F]{1,8}\/[0-9A-F]{1,8}))\.([0-9a-z]{1,7})$/;

const checksum = (text: string): string => crc32(text).toString(36);
