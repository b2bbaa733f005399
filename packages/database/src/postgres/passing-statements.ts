import type { Statement } from '../database.ts';

/**
 * The passing statements that one connection has prepared, as they were used last. PostgreSQL keeps of each some hundred
 * times its text (3,000 listings by different filters of a hundred conditions: 2.5 GB), so all their texts together are
 * bounded.
 */
export class PassingStatements {
  /** Length of the text by name; the one used last is the last. */
  readonly #lengths = new Map<string, number>();

  use({ name, text }: Statement): void {
    this.#lengths.delete(name);
    this.#lengths.set(name, text.length);
  }

  /** Those to close so that the rest keep the bound, the longest unused first; none of a batch. */
  surplus(batch: ReadonlySet<string>): readonly string[] {
    let over = [...this.#lengths.values()].reduce((sum, length) => sum + length, -MOST_CHARACTERS);
    return [...this.#lengths].flatMap(([name, length]) => {
      if (over <= 0 || batch.has(name)) return [];
      over -= length;
      return [name];
    });
  }

  forget(name: string): void {
    this.#lengths.delete(name);
  }
}

/** Some tens of listings by a few conditions. */
const MOST_CHARACTERS = 64 * 1024;
