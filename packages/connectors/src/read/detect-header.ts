export interface HeaderDetection {
  readonly present: boolean;
  readonly certain: boolean;
}

/** A cell that is a value and no name: a number, a date, an address. */
const VALUE = /^[\s$€£%+(-]*\d[\d\s.,:/%)TZ+-]*$|^[^@\s]+@[^@\s]+\.[^@\s]+$|^(?:true|false)$/i;

/**
 * Whether the first row names the columns: its cells are different words of which none is a value. It is certain where
 * a column below holds values; a table of words alone could be without a header.
 */
export function detectHeader(rows: readonly (readonly string[])[]): HeaderDetection {
  const [first = [], ...below] = rows;
  const names = first.map((cell) => cell.trim());
  const filled = names.filter((name) => name !== '');
  if (filled.length === 0 || names.some((name) => VALUE.test(name))) return { present: false, certain: true };
  if (new Set(filled).size < filled.length) return { present: false, certain: false };
  const holdsValues = names.some((_, column) => below.some((row) => VALUE.test(row[column]?.trim() ?? '')));
  return { present: true, certain: holdsValues };
}

/** Names for all columns: a missing one is called by its place, one that is repeated gets a number. */
export function columnNames(header: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return header.map((cell, index) => {
    const base = cell.trim().normalize('NFC') || `column_${index + 1}`;
    let name = base;
    for (let count = 2; taken.has(name); count += 1) name = `${base}_${count}`;
    taken.add(name);
    return name;
  });
}
