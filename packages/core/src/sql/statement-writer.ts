import type { Dialect } from '../dialects/dialect.ts';

export type ParameterValue = string | number | boolean;

/** Stands in the text for a parameter until the whole statement is known: no name or literal has this character. */
const MARK = '\u0001';

/** Collects the parameters of one statement, wherever in it they are bound. */
export class StatementWriter {
  readonly dialect: Dialect;
  /** Each value with its number. */
  readonly #values = new Map<ParameterValue, number>();

  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  /** Text that stands for the value; the same value is bound once where the dialect allows. */
  bind(value: ParameterValue): string {
    const number = this.#values.get(value) ?? this.#values.size;
    this.#values.set(value, number);
    return `${MARK}${number}${MARK}`;
  }

  /** The text with its placeholders, and the parameters in their order. */
  finish(text: string): { readonly text: string; readonly parameters: readonly ParameterValue[] } {
    const values = [...this.#values.keys()];
    const numbers = new Map<string, number>();
    const parameters: ParameterValue[] = [];
    const written = text.replaceAll(PARAMETER, (_mark, index: string) => {
      const known = numbers.get(index);
      if (known !== undefined && this.dialect.reusesParameters) return this.dialect.placeholder(known);
      // Every mark was made by `bind`.
      parameters.push(values[Number(index)] as ParameterValue);
      numbers.set(index, parameters.length);
      return this.dialect.placeholder(parameters.length);
    });
    return { text: written, parameters };
  }
}

const PARAMETER = new RegExp(`${MARK}(\\d+)${MARK}`, 'g');
