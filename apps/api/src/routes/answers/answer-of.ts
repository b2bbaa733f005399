import type { JsonValue } from '@sophia/types';
import type { Static, TSchema } from 'typebox';

/**
 * The schema of an answer, held by the compiler against the type of what is sent: it has each member of that, as required and as
 * nullable as there, and no other.
 */
export const answerOf =
  <Sent>() =>
  <Schema extends TSchema>(schema: Schema & Fits<Schema, Sent>): Schema =>
    schema;

/** What is wrong shows in the compiler's message: a schema has none of these. */
type Fits<Schema extends TSchema, Sent> =
  IsSame<Plain<Static<Schema>>, Plain<Sent>> extends true
    ? unknown
    : { readonly described: Plain<Static<Schema>>; readonly sent: Plain<Sent> };

/** As JSON has it: no brands, nothing read-only, no member that is there and undefined; any JSON is unknown. */
type Plain<Value> = JsonValue extends Value
  ? unknown
  : Value extends string & { readonly __brand: string }
    ? string
    : Value extends number & { readonly __brand: string }
      ? number
      : Value extends readonly (infer Item)[]
        ? Plain<Item>[]
        : Value extends object
          ? { -readonly [Name in keyof Value]: Plain<Exclude<Value[Name], undefined>> }
          : Value;

/** Not only assignable: an optional member of one alone is a difference. */
type IsSame<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;

/** What a route sends that makes its answer itself. */
export type Answer<Schema extends TSchema> = Given<Static<Schema>>;

type Given<Value> = Value extends readonly (infer Item)[]
  ? readonly Given<Item>[]
  : Value extends object
    ? { readonly [Name in keyof Value]: Given<Value[Name]> | (object extends Pick<Value, Name> ? undefined : never) }
    : Value;
