const [NINE, POINT, SLASH, MINUS] = [0x39, 0x2e, 0x2f, 0x2d];

/** Decimal digits that every double gives back as they were. */
const DOUBLE_DIGITS = 15;
/** Each run of more digits has one of the places that are looked at, and another sign half a step from it. */
const STEP = DOUBLE_DIGITS + 1;

/** Numbers of more than 15 digits, without their signs. */
const LONG = /\d[\d.]{15,}(?:[eE][+-]?\d+)?/g;

/**
 * Whether a JSON text has a number of many digits that `isHidden`; one within a text of it counts. Most have none of many
 * digits, which takes a look at each sixteenth sign: of 8 MB 2 to 4 milliseconds, where an expression took 30.
 */
export function hidesDigits(text: string): boolean {
  if (!hasLongNumber(text)) return false;
  for (const [source] of text.matchAll(LONG)) if (isHidden(Number(source), source)) return true;
  return false;
}

/** A point counts as a digit. */
function hasLongNumber(text: string): boolean {
  for (let at = DOUBLE_DIGITS; at < text.length; at += STEP) {
    if (!isOfNumber(text, at) || !(isOfNumber(text, at - STEP / 2) || isOfNumber(text, at + STEP / 2))) continue;
    let from = at;
    while (from > at - STEP && isOfNumber(text, from - 1)) from -= 1;
    // What begins further ahead was looked at from there.
    if (from === at - STEP || !beginsNumber(text, from)) continue;
    let to = at + 1;
    while (isOfNumber(text, to)) to += 1;
    if (to - from > DOUBLE_DIGITS) return true;
  }
  return false;
}

/** A digit or a point. */
function isOfNumber(text: string, at: number): boolean {
  if (at < 0 || at >= text.length) return false;
  const sign = text.charCodeAt(at);
  return sign <= NINE && sign >= POINT && sign !== SLASH;
}

/** Before most runs within texts, such as ids of digits, stands a quote. */
function beginsNumber(text: string, at: number): boolean {
  const before = text[text.charCodeAt(at - 1) === MINUS ? at - 2 : at - 1];
  return before === undefined || BEFORE.has(before);
}

const BEFORE: ReadonlySet<string> = new Set('[:, \t\r\n');

/**
 * Whether the double looks exact, and is not what stands there: `4.99999999999999999` becomes 5, of which nobody could tell any more that
 * it was sent otherwise.
 */
export function isHidden(value: number, source: string): boolean {
  if (String(value) === source) return false;
  const digits = decimalOf(String(value)).replace('-', '').indexOf('e');
  return digits <= DOUBLE_DIGITS && isOther(value, source);
}

/** Whether a number stands there that its double, which is this one, is not. */
export const isOther = (value: number, source: string): boolean => decimalOf(source) !== decimalOf(String(value));

/** The same text for all ways to write a number: its digits without zeros around them, and the power of ten that they stand at. */
function decimalOf(text: string): string {
  const [, sign, whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = withoutLastZeros(`${whole}${fraction}`);
  const power = whole.length + fraction.length - digits.length - fraction.length + Number(exponent);
  const significant = digits.replace(/^0+/, '');
  return significant === '' ? '0' : `${sign}${significant}e${power}`;
}

/** Not by an expression: it would begin anew at each of many zeros within the number, and a body would hold the process for minutes. */
function withoutLastZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}
