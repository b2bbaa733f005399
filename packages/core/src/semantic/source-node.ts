import type { SemanticProblem } from '@sophia/types';
import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, Scalar } from 'yaml';
import { closest } from './closest.ts';

/** The text that a definition was read from, and where what is wrong with it goes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: LineCounter;
  readonly problems: SemanticProblem[];
}

/** A mapping in a YAML file: gives its values by key, and notes what is missing, wrong or not known. */
export class SourceMap {
  readonly #file: SourceFile;
  readonly #node: Node;
  readonly #values = new Map<string, { readonly key: Node; readonly value: Node }>();
  readonly #asked = new Set<string>();
  readonly #whole: SourceMap | undefined;
  #hasProblem = false;

  /** `whole` is what this is a part of: it then has its problems, too. */
  constructor(file: SourceFile, node: Node, what: string, whole?: SourceMap) {
    this.#file = file;
    this.#node = node;
    this.#whole = whole;
    if (!isMap(node)) {
      this.problem(undefined, `expected ${what} with its keys, found ${describeNode(node)}`);
      return;
    }
    for (const { key, value } of node.items) {
      if (isScalar(key) && value !== null) this.#values.set(String(key.value), { key, value: value as Node });
    }
  }

  get hasProblem(): boolean {
    return this.#hasProblem;
  }

  /** Notes a problem at the value of a key, else at the mapping itself. */
  problem(key: string | undefined, message: string, offset = 0): SemanticProblem {
    const entry = key === undefined ? undefined : this.#values.get(key);
    return this.#problemAt(entry?.value ?? this.#node, message, offset);
  }

  #problemAt(node: Node, message: string, offset = 0): SemanticProblem {
    this.#hasProblem = true;
    for (let whole = this.#whole; whole !== undefined; whole = whole.#whole) whole.#hasProblem = true;
    return problemAt(this.#file, node, message, offset);
  }

  node(key: string): Node | undefined {
    this.#asked.add(key);
    const value = this.#values.get(key)?.value;
    return isScalar(value) && value.value === null ? undefined : value;
  }

  text(key: string): string | undefined {
    const node = this.node(key);
    if (node === undefined) return undefined;
    if (isScalar(node) && ['string', 'number', 'boolean'].includes(typeof node.value)) return scalarText(node);
    this.problem(key, `${key}: expected a text, found ${describeNode(node)}`);
    return undefined;
  }

  required(key: string): string {
    return this.#given(key) ?? '';
  }

  /** Undefined after its problem was noted. */
  #given(key: string): string | undefined {
    if (this.node(key) === undefined) this.#missing(key);
    return this.text(key);
  }

  /** Of what is no mapping at all that alone was noted. */
  #missing(key: string, expected?: string): void {
    if (!isMap(this.#node)) return;
    if (this.#values.has(key)) this.problem(key, `${key}: expected ${expected ?? 'a text'}, found nothing`);
    else this.problem(undefined, `${key} is missing${expected === undefined ? '' : `: ${expected}`}`);
  }

  /** A name that queries may write: lower-case words joined by single underscores. */
  name(key: string): string {
    const name = this.#given(key);
    if (name !== undefined && (!/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name) || name.length > 60)) {
      this.problem(
        key,
        `${key}: ${name === '' ? 'an empty text' : name} is not made of lower-case words joined by single underscores, of at most 60 letters`,
      );
    }
    return name ?? '';
  }

  oneOf<T extends string>(key: string, allowed: readonly T[]): T | undefined {
    const value = this.text(key);
    const found = allowed.find((each) => each === value);
    if (value === undefined || found !== undefined) return found;
    this.problem(key, `${key}: expected ${allowed.join(', ')}; found ${value}${closest(value, allowed)}`);
    return undefined;
  }

  requiredOneOf<T extends string>(key: string, allowed: readonly [T, ...T[]]): T {
    if (this.node(key) === undefined) this.#missing(key, `one of ${allowed.join(', ')}`);
    return this.oneOf(key, allowed) ?? allowed[0];
  }

  number(key: string, least: number, most: number): number | undefined {
    const node = this.node(key);
    if (node === undefined) return undefined;
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    this.problem(key, `${key}: expected a number from ${least} to ${most}, found ${describeNode(node)}`);
    return undefined;
  }

  count(key: string, most: number): number {
    const node = this.node(key);
    const expected = `a whole number from 1 to ${most}`;
    if (node === undefined) {
      this.#missing(key, expected);
      return 1;
    }
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value;
    this.problem(key, `${key}: expected ${expected}, found ${describeNode(node)}`);
    return 1;
  }

  flag(key: string): boolean | undefined {
    const node = this.node(key);
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === 'boolean') return node.value;
    this.problem(key, `${key}: expected true or false, found ${describeNode(node)}`);
    return undefined;
  }

  items(key: string, most: number): readonly Node[] {
    const node = this.node(key);
    if (node === undefined) return [];
    if (!isSeq(node)) {
      this.problem(key, `${key}: expected a list, found ${describeNode(node)}`);
      return [];
    }
    if (node.items.length > most) this.problem(key, `${key}: at most ${most}, found ${node.items.length}`);
    return node.items.slice(0, most) as Node[];
  }

  maps(key: string, what: string, most: number): readonly SourceMap[] {
    return this.items(key, most).map((node) => new SourceMap(this.#file, node, what));
  }

  texts(key: string, most: number): readonly string[] {
    return this.items(key, most).flatMap((node) => {
      if (isScalar(node) && typeof node.value === 'string') return [node.value];
      this.#problemAt(node, `${key}: expected a text, found ${describeNode(node)}`);
      return [];
    });
  }

  /** A part of this that is no definition of its own. */
  child(node: Node, what: string): SourceMap {
    return new SourceMap(this.#file, node, what, this);
  }

  /** Notes every key that was not asked for. */
  finish(): void {
    for (const [name, { key }] of this.#values) {
      if (!this.#asked.has(name)) this.#problemAt(key, `${name} has no meaning here${likeKey(name, this.#asked)}`);
    }
  }
}

/** Keys are often cut short: `expr`, `agg`, `default_time`. */
function likeKey(name: string, keys: ReadonlySet<string>): string {
  const begun = name.length < 3 ? [] : [...keys].filter((key) => key.startsWith(name));
  return begun.length === 0 ? closest(name, keys) : `; did you mean ${begun.join(' or ')}?`;
}

/** Numbers keep the digits that they were written with. */
const scalarText = (node: Scalar): string => (typeof node.value === 'string' ? node.value : (node.source ?? String(node.value)));

export function problemAt(file: SourceFile, node: Node, message: string, offset: number): SemanticProblem {
  const [start, end] = node.range ?? [0, 0];
  const before = isScalar(node) ? offsetInSource(node, offset, file.text.slice(start, end)) : 0;
  const { line, col } = file.lines.linePos(start + before);
  const problem = { path: file.path, line, column: col, message };
  file.problems.push(problem);
  return problem;
}

/**
 * Where a character of a text stands in what is written for it. Lines are folded and indented there, which changes nothing but white
 * space, so that the others are counted. Escapes in double quotes are not followed: then it is where the text begins.
 */
function offsetInSource({ type, value }: Scalar, offset: number, written: string): number {
  if (typeof value !== 'string') return 0;
  if (type === Scalar.QUOTE_DOUBLE && written.includes('\\')) return 0;
  let before = value.slice(0, offset).replaceAll(/\s/g, '').length;
  let end = beginningOf(type, written);
  for (let position = end; position < written.length; position += 1) {
    if (/\s/.test(written.charAt(position))) continue;
    if (before === 0) return position;
    before -= 1;
    if (type === Scalar.QUOTE_SINGLE && written.charAt(position) === "'") position += 1; // two stand for one
    end = position + 1;
  }
  return end;
}

/** Behind the quote, or behind the line with the sign of a block. */
function beginningOf(type: Scalar.Type | undefined, written: string): number {
  if (type === Scalar.PLAIN) return 0;
  return type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE ? 1 : written.indexOf('\n') + 1;
}

export function describeNode(node: Node): string {
  if (isMap(node)) return 'keys and values';
  if (isSeq(node)) return 'a list';
  if (isAlias(node)) return 'an alias';
  return isScalar(node) ? JSON.stringify(node.value) : 'something else';
}
