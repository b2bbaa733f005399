import { SophiaError } from '@sophia/shared';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

/** Why a file ends before it is whole: the form's field `failure`, behind the file, as JSON. */
export const SenderFailureSchema = Type.Object(
  { code: Type.Enum(['tap_failed', 'tap_stalled']), message: Type.String() },
  { additionalProperties: false, title: 'SenderFailure' },
);
type SenderFailure = Static<typeof SenderFailureSchema>;

const schema = Compile(SenderFailureSchema);

/** Characters of the message that are kept. */
const LONGEST = 4_000;

/** What the sender tells, as the error that ends the import; `invalid_request` where it is not well formed. */
export const parseSenderFailure = (text: unknown): SophiaError => {
  const failure = parse(text);
  if (failure === undefined) {
    return new SophiaError('invalid_request', 'The field failure is JSON: code (tap_failed or tap_stalled) and message.');
  }
  // PostgreSQL keeps no NUL.
  return new SophiaError(failure.code, failure.message.slice(0, LONGEST).toWellFormed().replaceAll('\0', '\uFFFD'));
};

const parse = (text: unknown): SenderFailure | undefined => {
  try {
    const value: unknown = JSON.parse(String(text));
    return schema.Check(value) ? value : undefined;
  } catch {
    return undefined; // Which the caller tells.
  }
};
