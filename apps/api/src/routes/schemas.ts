import Type from 'typebox';

/** Shapes that several routes answer with. */

export const AnyObject = Type.Record(Type.String(), Type.Unknown());

export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable: see the reference of error codes' }),
    detail: Type.String(),
    instance: Type.String({ description: 'Id of the request' }),
    retry_after: Type.Optional(Type.Number()),
  },
  { title: 'Problem', additionalProperties: true },
);

/** Of parameters that may be long. */
export const IN_HEAD = 'encoded, and with all headers, it has 16 KiB at most, beyond which the answer is 431 headers_too_large';

/** Of the cursor of pages whose items may be large. */
export const BOUNDED = 'Where the next page begins, null at the end; a page ends at about 8 MB, so that it may be shorter than its limit';

/** Read your writes: the token of a write, so that the answer contains it. */
export const AfterHeaders = Type.Object({ 'sophia-after': Type.Optional(Type.String({ maxLength: 200 })) });
/** What a key may be is judged where it is kept, whichever way it comes. */
export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ description: 'Names what is done: 1 to 200 printable ASCII characters without spaces' })),
});
