import { ExpressionProblem } from './expression.ts';

export interface Token {
  readonly kind: 'number' | 'text' | 'word' | 'symbol' | 'end';
  /** Keywords in lower case, texts and names without their quotes. */
  readonly value: string;
  readonly at: number;
}

const MAX_EXPRESSION_LENGTH = 4_000;

const KEYWORDS = new Set(['and', 'or', 'not', 'is', 'in', 'null', 'true', 'false', 'case', 'when', 'then', 'else', 'end', 'today']);
const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|'((?:[^']|'')*)'|"([A-Za-z_][A-Za-z0-9_]*)"|([A-Za-z_][A-Za-z0-9_]*)|(<>|!=|<=|>=|[-+*/=<>(),.]))/y;

/** Splits an expression into tokens; throws `ExpressionProblem`. */
export function tokenize(text: string): readonly Token[] {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    throw new ExpressionProblem(0, `an expression has at most ${MAX_EXPRESSION_LENGTH} characters; this one has ${text.length}`);
  }
  const tokens: Token[] = [];
  let position = 0;
  while (text.slice(position).trim() !== '') {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(text);
    if (match === null) throw unreadable(text, position);
    position = TOKEN.lastIndex;
    tokens.push(toToken(match, position));
  }
  return [...tokens, { kind: 'end', value: 'the end of the expression', at: text.length }];
}

function toToken([whole, number, quoted, name, word, symbol = '']: RegExpExecArray, end: number): Token {
  const at = end - whole.trimStart().length;
  if (number !== undefined) return { kind: 'number', value: number, at };
  if (quoted !== undefined) return { kind: 'text', value: quoted.replaceAll("''", "'"), at };
  if (name !== undefined) return { kind: 'word', value: name, at };
  if (word === undefined) return { kind: 'symbol', value: symbol === '!=' ? '<>' : symbol, at };
  const lower = word.toLowerCase();
  return KEYWORDS.has(lower) ? { kind: 'symbol', value: lower, at } : { kind: 'word', value: word, at };
}

function unreadable(text: string, position: number): ExpressionProblem {
  const at = position + text.slice(position).search(/\S/);
  const found = text.charAt(at);
  return new ExpressionProblem(at, found === "'" ? 'a text has no closing quote' : `the character ${found} has no meaning here`);
}
