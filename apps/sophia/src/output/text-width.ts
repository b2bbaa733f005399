/** Latin, Greek and Cyrillic letters, digits and signs: one column each. */
const PLAIN = /^[ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f]*$/;
/** What makes one picture of several characters. */
const JOINING = /[\u200d\ufe0f\u{1f1e6}-\u{1f1ff}\u{1f3fb}-\u{1f3ff}]/u;
const PICTURE = /\p{Emoji_Presentation}|\ufe0f/u;
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** Marks above, below and around another character, and the later parts of a Korean syllable. Marks beside one (Mc) have a column. */
const NARROWLESS = /^[\p{Mn}\p{Me}\p{Format}\u1160-\u11ff\ud7b0-\ud7ff]$/u;
/** Characters that a terminal obeys, those that turn the direction of what follows among them. */
const CONTROL = /[\p{Control}\u202a-\u202e\u2066-\u2069]/gu;

/** Columns of a terminal that the text takes. */
export const textWidth = (text: string): number => {
  if (PLAIN.test(text)) return text.length;
  // To find what belongs together costs ten times as much, and changes the width of pictures only.
  if (!JOINING.test(text)) return charactersWidth(text);
  let width = 0;
  for (const grapheme of graphemesOf(text)) width += graphemeWidth(grapheme);
  return width;
};

const graphemeWidth = (grapheme: string): number => (PICTURE.test(grapheme) ? 2 : charactersWidth(grapheme));

const charactersWidth = (text: string): number => {
  let width = 0;
  for (const character of text) width += NARROWLESS.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
};

let segmenter: Intl.Segmenter | undefined;

/** What a reader takes for one character each. */
function* graphemesOf(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

/** The text in so many columns, cut with `…` where it is longer; what a reader takes for one character is never cut. */
export const cutText = (text: string, columns: number): string => {
  if (textWidth(text) <= columns) return text;
  let width = 0;
  let cut = '';
  for (const grapheme of graphemesOf(text)) {
    width += graphemeWidth(grapheme);
    if (width > columns - 1) break;
    cut += grapheme;
  }
  return `${cut}…`;
};

export const padText = (text: string, columns: number, side: 'left' | 'right'): string => {
  const padding = ' '.repeat(Math.max(0, columns - textWidth(text)));
  return side === 'left' ? padding + text : text + padding;
};

/** Text of records on one line, without characters that a terminal would obey. */
export const plainText = (text: string): string => text.replace(CONTROL, (control) => (/[\n\t\r]/.test(control) ? ' ' : '\ufffd'));

/** The same of several lines, which they stay. */
export const plainLines = (text: string): string => text.split('\n').map(plainText).join('\n');
