const [QUOTE, BACKSLASH, COMMA, OPEN_ARRAY, OPEN_OBJECT] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b];

/**
 * Whether a JSON text has more members and values than that. What stands between texts is counted, and nothing is parsed:
 * objects of very many members take the engine microseconds for each. Each takes two characters, so short texts are not
 * looked at.
 */
export function holdsMore(text: string, most: number): boolean {
  if (text.length <= 2 * most) return false;
  let count = 0;
  let isText = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) isText = !isText;
    else if (isText) at += sign === BACKSLASH ? 1 : 0;
    else if (sign === COMMA || sign === OPEN_ARRAY || sign === OPEN_OBJECT) count += 1;
    if (count > most) return true;
  }
  return false;
}
