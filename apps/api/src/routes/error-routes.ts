import { SophiaError } from '@sophia/shared';
import { ERROR_CODES, type ErrorCodeName } from '@sophia/types';
import type { FastifyInstance } from 'fastify';

/** Where the `type` of a problem document leads: what the code means and the way out. */
export const registerErrorRoutes = (app: FastifyInstance): void => {
  app.get<{ Params: { code: string } }>('/errors/:code', { config: { public: true } }, ({ params: { code } }) => {
    if (!isErrorCode(code)) throw new SophiaError('not_found', `There is no error code ${code}.`);
    return { code, ...ERROR_CODES[code] };
  });
};

const isErrorCode = (code: string): code is ErrorCodeName => Object.hasOwn(ERROR_CODES, code);
