/** Codes (ISO 4217) by the sign that stands for each most often. */
export const CURRENCY_SIGNS: ReadonlyMap<string, string> = new Map([
  ['$', 'USD'],
  ['€', 'EUR'],
  ['£', 'GBP'],
  ['¥', 'JPY'],
  ['₹', 'INR'],
]);

/** The code of a currency by its code, sign or English name, such as `eur`, `€` and `US Dollars`; undefined where it is none. */
export function currencyCode(text: string): string | undefined {
  codes ??= codesByName();
  return CURRENCY_SIGNS.get(text) ?? codes.get(folded(text));
}

let codes: ReadonlyMap<string, string> | undefined;

function codesByName(): ReadonlyMap<string, string> {
  const names = new Intl.DisplayNames('en', { type: 'currency' });
  return new Map(
    Intl.supportedValuesOf('currency').flatMap((code) => [[folded(String(names.of(code))), code] as const, [folded(code), code] as const]),
  );
}

const folded = (text: string): string => text.toLowerCase().replace(/s$/, '');
