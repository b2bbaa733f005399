/** How numbers are written in a column. */
export interface NumberFormat {
  /** The decimal sign; the other one, spaces and apostrophes may group thousands. */
  readonly decimal: '.' | ',';
  /** What stands before or behind each number, such as a currency's sign. */
  readonly symbol?: string | undefined;
}

/** Spaces of all widths, and apostrophes as in Switzerland. */
const GROUPING = "\\u0020\\u00a0\\u2009\\u202f'\\u2019";

const SHAPES = {
  '.': new RegExp(`^(?:\\d+|\\d{1,3}(?:([,${GROUPING}])\\d{3})(?:\\1\\d{3})*)?(?:\\.\\d+)?$`),
  ',': new RegExp(`^(?:\\d+|\\d{1,3}(?:([.${GROUPING}])\\d{3})(?:\\1\\d{3})*)?(?:,\\d+)?$`),
};
const GROUPS = { '.': new RegExp(`[,${GROUPING}]`, 'g'), ',': new RegExp(`[.${GROUPING}]`, 'g') };
const MAX_LENGTH = 100;

/**
 * Compiles a format into the function that gives a number's plain decimal form, `1.234,50 €` as `1234.50`, and undefined
 * for what is not written so. Negative are a minus before or behind, and parentheses around.
 */
export function compileNumberFormat({ decimal, symbol }: NumberFormat): (text: string) => string | undefined {
  return (text) => {
    if (text.length > MAX_LENGTH) return undefined;
    const { negative, rest } = takeSign(symbol === undefined ? text.trim() : withoutSymbol(text.trim(), symbol));
    if (rest === '' || !SHAPES[decimal].test(rest)) return undefined;
    const plain = rest.replace(GROUPS[decimal], '').replace(',', '.');
    return (negative ? '-' : '') + plain;
  };
}

function takeSign(text: string): { readonly negative: boolean; readonly rest: string } {
  const enclosed = /^\((.*)\)$/.exec(text)?.[1];
  if (enclosed !== undefined) return { negative: true, rest: enclosed.trim() };
  if (/^[+\-\u2212]/.test(text)) return { negative: !text.startsWith('+'), rest: text.slice(1).trim() };
  const behind = /^(.*\d)\s*[-\u2212]$/.exec(text)?.[1];
  return behind === undefined ? { negative: false, rest: text } : { negative: true, rest: behind };
}

/** The symbol may stand within the sign: `-$5`, `($5)`. */
function withoutSymbol(text: string, symbol: string): string {
  const at = text.indexOf(symbol);
  if (at === -1) return text;
  const before = text.slice(0, at).trim();
  const behind = text.slice(at + symbol.length).trim();
  const isAtEnd = /^[(+\-\u2212]?$/.test(before) || /^[)\-\u2212]?$/.test(behind);
  return isAtEnd ? before + behind : text;
}
