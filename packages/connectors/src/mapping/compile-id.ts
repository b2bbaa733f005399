import type { JsonValue } from '@sophia/types';

type IdReader = (values: readonly (JsonValue | undefined)[]) => JsonValue | undefined;

/**
 * Compiles the reading of the source id from the values in these slots: one as it is, or several joined, of which none may
 * be missing. Within the parts of several the separator is escaped, so that no two keys are one id.
 */
export function compileId(slots: readonly number[], separator: string): IdReader {
  const [first, ...others] = slots;
  if (first !== undefined && others.length === 0) return (values) => values[first];
  const last = slots.length - 1;
  return (values) => {
    const parts = slots.map((slot) => String(values[slot] ?? '').trim());
    if (parts.includes('')) return undefined;
    return parts.map((part, index) => escaped(part, index === last ? '' : separator, separator)).join(separator);
  };
}

/** Separators do not hold it (`parseMapping`). */
export const ESCAPE = '\\';

/** Where what follows makes a separator begin within the part, that counts too: `-` before `--`. */
function escaped(part: string, follows: string, separator: string): string {
  const text = part + follows;
  const at = text.indexOf(separator);
  if ((at === -1 || at >= part.length) && !part.includes(ESCAPE)) return part;
  let result = '';
  for (let index = 0; index < part.length; index += 1) {
    const isSpecial = part[index] === ESCAPE || text.startsWith(separator, index);
    result += isSpecial ? ESCAPE + part[index] : part[index];
  }
  return result;
}
