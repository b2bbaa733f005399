const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const NARROWLESS = /^(?:\p{Mark}|\p{Format})$/u;
/** Characters that a terminal obeys, those that turn the direction of what follows among them. */
const CONTROL = /[\p{Control}\u202a-\u202e\u2066-\u2069]/gu;

/** Columns of a terminal that the text takes. */
export const textWidth = (text: string): number => {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
};

const characterWidth = (character: string): number => (NARROWLESS.test(character) ? 0 : WIDE.test(character) ? 2 : 1);

/** The text in so many columns, cut with `…` where it is longer. */
export const cutText = (text: string, columns: number): string => {
  if (textWidth(text) <= columns) return text;
  let width = 0;
  let cut = '';
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns - 1) break;
    cut += character;
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
