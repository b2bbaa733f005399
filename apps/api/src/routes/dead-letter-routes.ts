import { SophiaError } from '@sophia/shared';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { ApiServices } from '../services.ts';
import { DiscardedSchema, WriteAnswerSchema } from './answers/record-answers.ts';
import { RowErrorSchema } from './answers/row-errors.ts';
import { BoundedCursor } from './answers/values.ts';
import { defineRoute } from './define-route.ts';
import { RepairSchema, readRepairedRow, ShownRowSchema } from './repaired-row.ts';

const IdParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const Ids = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 1000 });
const State = Type.Enum(['open', 'repaired', 'replayed', 'discarded', 'superseded']);
const Selection = {
  import: Type.Optional(Type.String({ maxLength: 64 })),
  record_type: Type.Optional(Type.String({ maxLength: 100 })),
  source_system: Type.Optional(Type.String({ maxLength: 100 })),
  state: Type.Optional(State),
  code: Type.Optional(Type.String({ maxLength: 100 })),
};

const DEAD_LETTERS = '/api/v1/dead-letters';

const DeadLetterSchema = Type.Object(
  {
    id: Type.String(),
    state: State,
    record_type: Type.String(),
    source_system: Type.String(),
    import: Type.Union([Type.String(), Type.Null()]),
    line: Type.Integer(),
    errors: Type.Array(RowErrorSchema, { description: 'Why it was rejected, as in the answer to its write' }),
    row: ShownRowSchema,
    attempts: Type.Integer(),
    created_at: Type.String(),
    updated_at: Type.String(),
  },
  { title: 'DeadLetter' },
);

export const registerDeadLetterRoutes = (app: FastifyInstance, { catalog: { deadLetters, recordTypes } }: ApiServices): void => {
  defineRoute(app, {
    method: 'GET',
    url: '/dead-letters',
    operation: 'listDeadLetters',
    summary: 'Rejected rows with line, column, reason and value, oldest first',
    tag: 'dead letters',
    query: Type.Object({
      ...Selection,
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      cursor: Type.Optional(Type.String({ maxLength: 4000 })),
    }),
    responses: {
      200: Type.Object({ dead_letters: Type.Array(DeadLetterSchema), next_cursor: BoundedCursor }, { title: 'DeadLettersAnswer' }),
    },
    examples: [{ summary: 'Those of deals', path: `${DEAD_LETTERS}?record_type=deal`, status: 200 }],
    handle: async ({ call, query: { limit, cursor, ...selection } }) => {
      const page = await deadLetters.list(call, { ...selectionOf(selection), limit, cursor });
      return { dead_letters: page.items, next_cursor: page.nextCursor };
    },
  });

  defineRoute(app, {
    method: 'GET',
    url: '/dead-letters/:id',
    operation: 'getDeadLetter',
    summary: 'One rejected row',
    tag: 'dead letters',
    params: IdParams,
    responses: { 200: DeadLetterSchema },
    examples: [{ summary: 'No such row', path: `${DEAD_LETTERS}/999999`, status: 404 }],
    handle: ({ call, params }) => deadLetters.get(call, params.id),
  });

  defineRoute(app, {
    method: 'PUT',
    url: '/dead-letters/:id',
    operation: 'repairDeadLetter',
    summary: 'Replaces the row by a repaired one; it is judged when it is replayed',
    description:
      'What a dead letter shows as `row` can be sent back, edited. Masked values that are sent as null stay as they are. ' +
      'A value that stays as its mapping could not read it is refused again, unless it is `confirmed`.',
    tag: 'dead letters',
    params: IdParams,
    query: Type.Object({
      confirmed: Type.Optional(
        Type.String({
          maxLength: 4000,
          description:
            'Fields, joined by commas, whose value is right as the record type writes it, although their mapping could not read it',
        }),
      ),
    }),
    body: RepairSchema,
    responses: { 200: DeadLetterSchema },
    examples: [
      { summary: 'No such row', path: `${DEAD_LETTERS}/999999`, body: { source_id: 'D-1', fields: { amount: '5' } }, status: 404 },
      { summary: 'No such row, as rows are written', path: `${DEAD_LETTERS}/999999`, body: { source_id: 'D-1', amount: '5' }, status: 404 },
    ],
    handle: async ({ call, params: { id }, query: { confirmed }, body }) => {
      const row = await readRepairedRow(body, {
        async ofType() {
          const { record_type: type } = await deadLetters.get(call, id);
          return (await recordTypes.get(call, type)).fields.map(({ name }) => name);
        },
        ofRow: async () => Object.keys((await deadLetters.get(call, id)).row.fields),
      });
      return deadLetters.repair(call, id, row, { confirmed: confirmed?.split(',') });
    },
  });

  defineRoute(app, {
    method: 'POST',
    url: '/dead-letters/replay',
    operation: 'replayDeadLetters',
    summary: 'Writes rejected rows again, by id or by selection',
    tag: 'dead letters',
    body: Type.Object({ ids: Type.Optional(Ids), ...Selection }, { additionalProperties: false }),
    responses: { 200: WriteAnswerSchema },
    sends: { 'sophia-token': 'always' },
    examples: [{ summary: 'Replay what was repaired', path: `${DEAD_LETTERS}/replay`, body: { state: 'repaired' }, status: 200 }],
    handle: async ({ call, body: { ids, ...selection } }, reply) => {
      if (ids !== undefined && Object.values(selection).some((value) => value !== undefined)) {
        throw new SophiaError('invalid_request', 'Give ids or a selection, not both.');
      }
      const answer = await deadLetters.replay(call, ids === undefined ? selectionOf(selection) : { ids });
      return reply.header('sophia-token', answer.token).send(answer);
    },
  });

  defineRoute(app, {
    method: 'POST',
    url: '/dead-letters/discard',
    operation: 'discardDeadLetters',
    summary: 'Gives rejected rows up',
    tag: 'dead letters',
    body: Type.Object({ ids: Ids }, { additionalProperties: false }),
    responses: { 200: DiscardedSchema },
    examples: [{ summary: 'None of these is there', path: `${DEAD_LETTERS}/discard`, body: { ids: ['1'] }, status: 200 }],
    handle: async ({ call, body }) => ({ discarded: await deadLetters.discard(call, body.ids) }),
  });
};

interface SelectionQuery {
  readonly import?: string;
  readonly record_type?: string;
  readonly source_system?: string;
  readonly state?: 'open' | 'repaired' | 'replayed' | 'discarded' | 'superseded';
  readonly code?: string;
}

const selectionOf = ({ record_type: recordType, source_system: sourceSystem, ...rest }: SelectionQuery) => ({
  ...rest,
  recordType,
  sourceSystem,
});
