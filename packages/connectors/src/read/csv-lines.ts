/** Cuts lines without quotes into their cells. `end` is the place behind the last cell. */
export type LineCutter = (start: number, end: number) => string[];

/**
 * The cutter of one text. Each delimiter is searched once, however short or long the lines are: the one found behind a
 * line is the first to be looked at in the next. A row has at most one cell more than `limit`, which is one too many.
 */
export function createLineCutter(text: string, delimiter: string, limit: number): LineCutter {
  let next = -1;
  const delimiterFrom = (from: number): number => {
    if (next < from) {
      const found = text.indexOf(delimiter, from);
      next = found === -1 ? Number.POSITIVE_INFINITY : found;
    }
    return next;
  };
  return (start, end) => {
    const cells: string[] = [];
    let from = start;
    while (cells.length < limit) {
      const to = delimiterFrom(from);
      if (to >= end) break;
      cells.push(text.slice(from, to));
      from = to + 1;
    }
    cells.push(text.slice(from, end));
    return cells;
  };
}
