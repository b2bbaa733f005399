/** A multiplication without loss: by a whole factor, then by ten to the power of `shift`. */
export interface Scale {
  readonly factor: bigint;
  readonly shift: number;
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?$/;
/** Far more digits than any type holds; a longer text is refused before arithmetic. */
const MAX_LENGTH = 100;

/** The decimal, multiplied exactly: `1100.04` by ten to the sixth is `1100040000`. Undefined where the text is no plain decimal. */
export function scaleDecimal(text: string, { factor, shift }: Scale): string | undefined {
  const [, sign, whole = '', fraction = ''] = text.length > MAX_LENGTH ? [] : (DECIMAL.exec(text) ?? []);
  if (sign === undefined || whole + fraction === '') return undefined;
  const digits = String(BigInt(whole + fraction) * factor);
  const scale = fraction.length - shift;
  return (sign === '-' ? '-' : '') + placePoint(digits, scale);
}

function placePoint(digits: string, scale: number): string {
  if (scale <= 0) return digits === '0' ? digits : digits + '0'.repeat(-scale);
  const padded = digits.padStart(scale + 1, '0');
  const fraction = padded.slice(-scale).replace(/0+$/, '');
  return padded.slice(0, -scale) + (fraction === '' ? '' : `.${fraction}`);
}
