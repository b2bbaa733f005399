import Type from 'typebox';

/** What routes of records are asked with. */

export const TypeParams = Type.Object({ type: Type.String({ minLength: 1, maxLength: 100 }) });
export const IdParams = Type.Object({
  type: Type.String({ minLength: 1, maxLength: 100 }),
  id: Type.String({ pattern: '^[0-9]{1,19}$' }),
});
export const IF_MATCH = {
  'if-match': Type.Optional(
    Type.String({ description: 'The entity tag of the record, or its version as one, "3": 412 where the record has changed since' }),
  ),
};

/** Where examples are sent. */
export const RECORDS = '/api/v1/records/deal';
