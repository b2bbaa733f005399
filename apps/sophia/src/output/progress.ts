import type { Terminal } from '../command-line/terminal.ts';
import { cutText, plainText, textWidth } from './text-width.ts';

/** A line that is written over; nothing where nobody watches. */
export interface ProgressLine {
  /** `name` stands before the text, as much of it as has room. */
  show(text: string, name?: string): void;
  clear(): void;
}

const ERASE = '\r\u001b[2K';

export const createProgressLine = ({ interactive, errColumns, err }: Terminal): ProgressLine => {
  let shown = false;
  return {
    show(text, name) {
      if (!interactive) return;
      shown = true;
      const columns = errColumns() - 1;
      err(ERASE + cutText(headOf(name, columns - textWidth(text)) + plainText(text), columns));
    },
    clear() {
      if (shown) err(ERASE);
      shown = false;
    },
  };
};

const headOf = (name: string | undefined, columns: number): string => {
  const room = columns - ': '.length;
  return name === undefined || room < 1 ? '' : `${cutText(plainText(name), room)}: `;
};
