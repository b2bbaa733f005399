import type { Terminal } from '../command-line/terminal.ts';
import { cutText, plainText } from './text-width.ts';

/** A line that is written over; nothing where nobody watches. */
export interface ProgressLine {
  show(text: string): void;
  clear(): void;
}

const ERASE = '\r\u001b[2K';

export const createProgressLine = ({ interactive, columns, err }: Terminal): ProgressLine => {
  let shown = false;
  return {
    show(text) {
      if (!interactive) return;
      shown = true;
      err(ERASE + cutText(plainText(text), (columns ?? 80) - 1));
    },
    clear() {
      if (shown) err(ERASE);
      shown = false;
    },
  };
};
