import type { RowError } from '@sophia/types';
import Type from 'typebox';
import { answerOf } from './answer-of.ts';

/** Why a row was rejected, in answers to writes, reports of imports and dead letters. */
export const RowErrorSchema = answerOf<RowError>()(
  Type.Object(
    {
      line: Type.Integer({ description: 'Of the row in its source, from 1; its index from 1 in an array' }),
      code: Type.String({ description: 'Stable: see the reference of error codes' }),
      message: Type.String(),
      column: Type.Optional(Type.String()),
      value: Type.Optional(Type.Unknown()),
    },
    { title: 'RowError' },
  ),
);
