/** What UTF-8 has no bytes for comes into JSON by its code alone, as does a NUL. */
const SUSPICIOUS = /\\u(?:0000|d[89a-f])/i;

/**
 * Place of a text or name that can be kept nowhere, since it has a NUL or a lone surrogate, half of a character;
 * undefined where there is none. The text is the JSON that the value was read from.
 */
export const unstorablePlace = (value: unknown, text: string): string | undefined => {
  if (!SUSPICIOUS.test(text)) return undefined;
  const rest: [place: string, value: unknown][] = [['', value]];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const [place, each] = next;
    if (typeof each === 'string' ? !isStorable(each) : !Object.keys(Object(each)).every(isStorable)) return place;
    if (typeof each !== 'string') for (const [name, member] of Object.entries(Object(each))) rest.push([`${place}/${name}`, member]);
  }
  return undefined;
};

/** How it is told, behind its place. */
export const UNSTORABLE = 'has a NUL or half of a character (a lone surrogate), which no text may have';

const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');
