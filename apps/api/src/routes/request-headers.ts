import type { IdempotencyKey } from '@sophia/catalog';
import { SophiaError } from '@sophia/shared';
import type { FastifyRequest } from 'fastify';
import { versionOfTag } from '../server/record-answer.ts';

/** The token of a write that the answer shall contain. */
export const afterOf = (request: FastifyRequest): string | undefined => {
  const value = request.headers['sophia-after'];
  return typeof value === 'string' ? value : undefined;
};

/** What names the request, so that it is done once however often it is sent. */
export const idempotencyOf = (request: FastifyRequest): IdempotencyKey | undefined => {
  const key = request.headers['idempotency-key'];
  return typeof key === 'string' ? { route: `${request.method} ${request.url}`, key } : undefined;
};

/** The version of a record that is to be met. Errors: `invalid_request`. */
export const versionOf = (request: FastifyRequest): number | undefined => {
  const tag = request.headers['if-match'];
  if (tag === undefined) return undefined;
  const version = versionOfTag(tag);
  if (version !== undefined) return version;
  throw new SophiaError('invalid_request', `If-Match takes the entity tag of a record, or its version as one, "3", not ${tag}.`);
};
