import type { CsvDialect } from './csv-dialect.ts';

export type QuotedRow =
  | { readonly kind: 'row'; readonly cells: string[] /** Place behind the row and its line feed. */; readonly end: number }
  /** A quote is open at the end of the text. */
  | { readonly kind: 'incomplete' }
  /** Something stands behind a closing quote. */
  | { readonly kind: 'misplaced' /** Which cell, from 1. */; readonly cell: number; readonly end: number };

/** Reads the row at `start`, in which a quote stands. The text ends with a line feed or with the source. */
export function readQuotedRow(text: string, start: number, dialect: CsvDialect, limit: number): QuotedRow {
  const { delimiter, quote } = dialect;
  const cells: string[] = [];
  let at = start;
  for (;;) {
    if (text[at] === quote) {
      const close = closingQuote(text, at + 1, dialect);
      if (close === -1) return { kind: 'incomplete' };
      cells.push(unescaped(text.slice(at + 1, close), dialect));
      at = close + 1;
    } else {
      const end = endOfCell(text, at, delimiter);
      cells.push(text.slice(at, text[end - 1] === '\r' && text[end] !== delimiter && end > at ? end - 1 : end));
      at = end;
    }
    if (text[at] === delimiter) {
      at += 1;
      if (cells.length <= limit) continue;
      const feed = text.indexOf('\n', at);
      return { kind: 'row', cells, end: feed === -1 ? text.length : feed + 1 };
    }
    if (text[at] === '\r') at += 1;
    if (at >= text.length) return { kind: 'row', cells, end: at };
    return text[at] === '\n' ? { kind: 'row', cells, end: at + 1 } : { kind: 'misplaced', cell: cells.length, end: at };
  }
}

function endOfCell(text: string, from: number, delimiter: string): number {
  let at = from;
  while (at < text.length && text[at] !== delimiter && text[at] !== '\n') at += 1;
  return at;
}

/** The place of the quote that closes the cell, or -1. */
function closingQuote(text: string, from: number, { quote, escaping }: CsvDialect): number {
  let at = text.indexOf(quote, from);
  while (at !== -1) {
    if (escaping === 'backslash') {
      if (!isEscaped(text, from, at)) return at;
      at = text.indexOf(quote, at + 1);
    } else {
      if (text[at + 1] !== quote) return at;
      at = text.indexOf(quote, at + 2);
    }
  }
  return -1;
}

/** Whether an odd number of backslashes stands before. */
function isEscaped(text: string, from: number, at: number): boolean {
  let before = at;
  while (before > from && text[before - 1] === '\\') before -= 1;
  return (at - before) % 2 === 1;
}

function unescaped(cell: string, { quote, escaping }: CsvDialect): string {
  if (escaping === 'backslash') return cell.includes('\\') ? cell.replace(/\\(.)/gs, '$1') : cell;
  return cell.includes(quote) ? cell.replaceAll(quote + quote, quote) : cell;
}
