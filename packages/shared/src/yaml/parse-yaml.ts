import {
  Composer,
  Document,
  type DocumentOptions,
  Lexer,
  type LineCounter,
  type ParseOptions,
  Parser,
  type SchemaOptions,
  YAMLParseError,
} from 'yaml';

/** What is composed of deeper collections runs out of stack again and again. */
const MOST_LEVELS = 200;

export interface YamlOptions extends ParseOptions, DocumentOptions, SchemaOptions {
  readonly lineCounter?: LineCounter;
  /** Names, values and signs; any number, unless told. Each takes microseconds, in which the process does nothing else. */
  readonly mostTokens?: number;
}

/**
 * The documents of a YAML text, at least one: as `parseAllDocuments` gives them without pretty errors. One that is nested
 * deeper than 200 levels, or has too many tokens, is not read on: it is one empty document that says so with its place.
 */
export function parseYaml(text: string, options: YamlOptions = {}): readonly [Document, ...Document[]] {
  const read = { ...options, prettyErrors: false };
  const tokens = new BoundedTokens(text, read);
  // It is forced to make one.
  const documents = [...new Composer(read).compose(tokens, true, text.length)] as unknown as [Document, ...Document[]];
  const { excess } = tokens;
  if (excess === undefined) return documents;
  const document = new Document(null, read);
  document.errors.push(excess);
  return [document];
}

/** The parser's tokens, as far as they keep to the bounds. */
class BoundedTokens {
  readonly #text: string;
  readonly #options: YamlOptions;
  #excess: YAMLParseError | undefined;

  constructor(text: string, options: YamlOptions) {
    this.#text = text;
    this.#options = options;
  }

  /** Where and why the text was not read on. */
  get excess(): YAMLParseError | undefined {
    return this.#excess;
  }

  *[Symbol.iterator]() {
    const { lineCounter, mostTokens = Number.POSITIVE_INFINITY } = this.#options;
    const parser = new Parser(lineCounter?.addNewLine);
    lineCounter?.addNewLine(0);
    let count = 0;
    for (const lexeme of new Lexer().lex(this.#text)) {
      yield* parser.next(lexeme);
      count += 1;
      if (parser.stack.length > MOST_LEVELS) this.#exceed(parser.offset, `nested deeper than ${MOST_LEVELS} levels`);
      else if (count > mostTokens) this.#exceed(parser.offset, `more than ${mostTokens.toLocaleString('en')} names, values and signs`);
      if (this.#excess !== undefined) return;
    }
    yield* parser.end();
  }

  #exceed(offset: number, message: string): void {
    this.#excess = new YAMLParseError([offset, offset], 'RESOURCE_EXHAUSTION', message);
  }
}
