export interface HeaderDetection {
  readonly present: boolean;
  readonly certain: boolean;
}

/** A cell that is a value and no name: a number, a date, an address. */
const VALUE = /^[\s$€£%+(-]*\d[\d\s.,:/%)TZ+-]*$|^[^@\s]+@[^@\s]+\.[^@\s]+$|^(?:true|false)$/i;

/**
 * Whether the first row names the columns. It does where it has all that are expected of the source, whatever others are
 * called (`2016`, or `name` twice), and does not where they are the names of columns without names; else its looks tell.
 * Without a row there is nothing to tell.
 */
export function detectHeader(rows: readonly (readonly string[])[], expected: readonly string[] = []): HeaderDetection | undefined {
  const [first, ...below] = rows;
  if (first === undefined) return undefined;
  const hasExpected = (names: readonly string[]): boolean => expected.length > 0 && expected.every((name) => names.includes(name));
  if (hasExpected(columnNames(first))) return { present: true, certain: true };
  if (hasExpected(columnNames(first.map(() => '')))) return { present: false, certain: true };
  const found = detectByLooks(first, below);
  return found.present || expected.length === 0 ? found : { present: false, certain: false };
}

/**
 * The cells of a header are different words of which none is a value. It is certain where a column below holds values; a
 * table of words alone could be without a header, and so could one whose words repeat.
 */
function detectByLooks(first: readonly string[], below: readonly (readonly string[])[]): HeaderDetection {
  const names = first.map((cell) => cell.trim());
  const filled = names.filter((name) => name !== '');
  if (filled.length === 0 || names.some((name) => VALUE.test(name))) return { present: false, certain: true };
  const holdsValues = names.some((_, column) => below.some((row) => VALUE.test(row[column]?.trim() ?? '')));
  if (new Set(filled).size < filled.length) return { present: holdsValues, certain: false };
  return { present: true, certain: holdsValues };
}

/** Names for all columns: a missing one is called by its place, one that is repeated gets a number. */
export function columnNames(header: readonly string[]): readonly string[] {
  const cells = header.map((cell) => cell.trim().normalize('NFC'));
  return withoutRepeats(cells, (cell, index) => cell || `column_${index + 1}`);
}

/** One that is repeated gets a number. */
export const uniqueNames = (names: readonly string[]): readonly string[] => withoutRepeats(names, (name) => name);

/** What is made up is never called as a column that has its name: of `a`, `a` and `a_2` the second is `a_3`. */
function withoutRepeats(written: readonly string[], baseOf: (name: string, index: number) => string): readonly string[] {
  const own = new Set(written);
  const taken = new Set<string>();
  return written.map((cell, index) => {
    const base = baseOf(cell, index);
    let name = base;
    for (let count = 2; taken.has(name) || (name !== cell && own.has(name)); count += 1) name = `${base}_${count}`;
    taken.add(name);
    return name;
  });
}
