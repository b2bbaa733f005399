/** How many are looked at; of a column of dates or numbers few are different. */
const MAX_TEXTS = 5000;

/** The first texts of a column that differ, without what is around them. */
export function distinctTexts(values: Iterable<string>): readonly string[] {
  const texts = new Set<string>();
  for (const value of values) {
    const text = value.trim();
    if (text !== '') texts.add(text);
    if (texts.size === MAX_TEXTS) break;
  }
  return [...texts];
}
