import { SophiaError } from '@sophia/shared';
import { ERROR_CODES, type ErrorCode, type ErrorCodeName } from '@sophia/types';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { answerOf } from './answers/answer-of.ts';

/** Where the `type` of a problem document leads: what the code means and the way out. */
export const registerErrorRoutes = (app: FastifyInstance): void => {
  app.get<{ Params: { code: string } }>('/errors/:code', { config: { public: true }, schema }, ({ params: { code } }) => {
    if (!isErrorCode(code)) throw new SophiaError('not_found', `There is no error code ${code}.`);
    return { code, ...ERROR_CODES[code] };
  });
};

const ErrorSchema = answerOf<ErrorCode & { readonly code: string }>()(
  Type.Object(
    {
      code: Type.String(),
      status: Type.Integer({ description: 'Of the answers that have it' }),
      title: Type.String(),
      help: Type.String({ description: 'The way out' }),
    },
    { title: 'Error' },
  ),
);

const schema = {
  operationId: 'explainError',
  summary: 'What an error code means and the way out',
  tags: ['health'],
  security: [],
  params: Type.Object({ code: Type.String({ description: 'The code of a problem document', examples: ['unknown_metric'] }) }),
  response: { 200: ErrorSchema },
};

const isErrorCode = (code: string): code is ErrorCodeName => Object.hasOwn(ERROR_CODES, code);
