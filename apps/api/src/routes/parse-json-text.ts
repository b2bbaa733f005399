import { holdsMore, SophiaError } from '@sophia/shared';
import type { ErrorCodeName } from '@sophia/types';
import { UNSTORABLE, unstorablePlace } from '../server/unstorable-text.ts';
import { MOST } from './require-bounded.ts';

/** The value of a text that is JSON: a parameter of an address, or a field of a form. Errors: the code told. */
export const parseJsonText = (name: string, text: string, code: ErrorCodeName): unknown => {
  const value = parseJson(name, text, code);
  const place = unstorablePlace(value, text);
  if (place === undefined) return value;
  throw new SophiaError(code, `${name}${place} ${UNSTORABLE}.`);
};

const parseJson = (name: string, text: string, code: ErrorCodeName): unknown => {
  if (holdsMore(text, MOST)) throw new SophiaError(code, `${name} has more than ${MOST} members and values.`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SophiaError(code, `${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
};
