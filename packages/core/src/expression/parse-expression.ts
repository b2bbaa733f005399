import { type ArithmeticOperator, type CaseBranch, type Expression, ExpressionProblem, type LogicalOperator } from './expression.ts';
import { type Token, tokenize } from './tokenize.ts';

/** Deepest nesting of an expression, so that no text can exhaust the stack. */
const MAX_DEPTH = 40;

/** Reads the language of docs/reference/semantic-models.md; throws `ExpressionProblem`. */
export function parseExpression(text: string): Expression {
  const reader = new TokenReader(tokenize(text));
  const expression = disjunction(reader);
  reader.expect('end');
  return expression;
}

class TokenReader {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get token(): Token {
    // The last token is `end`, which is never passed.
    return this.#tokens[this.#next] as Token;
  }

  take(): Token {
    const { token } = this;
    if (token.kind !== 'end') this.#next += 1;
    return token;
  }

  /** Takes the symbol if it is next. */
  takes(symbol: string): boolean {
    if (this.token.kind !== 'symbol' || this.token.value !== symbol) return false;
    this.#next += 1;
    return true;
  }

  takeOneOf<Symbol extends string>(symbols: readonly Symbol[]): Symbol | undefined {
    return symbols.find((symbol) => this.takes(symbol));
  }

  expect(symbolOrEnd: string): void {
    const { token } = this;
    if (token.kind === 'end' ? symbolOrEnd === 'end' : this.takes(symbolOrEnd)) return;
    throw new ExpressionProblem(
      token.at,
      `expected ${symbolOrEnd === 'end' ? 'an operator or the end' : symbolOrEnd}, found ${token.value}`,
    );
  }

  deeper<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new ExpressionProblem(this.token.at, `an expression is nested at most ${MAX_DEPTH} deep`);
    const result = read();
    this.#depth -= 1;
    return result;
  }
}

const disjunction = (reader: TokenReader): Expression => reader.deeper(() => together(reader, 'or', conjunction));
const conjunction = (reader: TokenReader): Expression => together(reader, 'and', negation);
const sum = (reader: TokenReader): Expression => leftToRight(reader, ['+', '-'], product);
const product = (reader: TokenReader): Expression => leftToRight(reader, ['*', '/'], signed);

/** However many there are, they are no nesting: it does not matter in which order they are taken. */
function together(reader: TokenReader, operator: LogicalOperator, operand: (reader: TokenReader) => Expression): Expression {
  const first = operand(reader);
  const operands = [first];
  while (reader.takes(operator)) operands.push(operand(reader));
  return operands.length === 1 ? first : { kind: operator, at: first.at, operands };
}

function leftToRight(
  reader: TokenReader,
  operators: readonly ArithmeticOperator[],
  operand: (reader: TokenReader) => Expression,
): Expression {
  let left = operand(reader);
  for (let operator = reader.takeOneOf(operators); operator !== undefined; operator = reader.takeOneOf(operators)) {
    left = { kind: 'binary', at: left.at, operator, left, right: operand(reader) };
  }
  return left;
}

function negation(reader: TokenReader): Expression {
  const { at } = reader.token;
  return reader.takes('not') ? { kind: 'not', at, operand: reader.deeper(() => negation(reader)) } : comparison(reader);
}

function comparison(reader: TokenReader): Expression {
  const left = sum(reader);
  const operator = reader.takeOneOf(['=', '<>', '<=', '>=', '<', '>'] as const);
  if (operator !== undefined) return { kind: 'binary', at: left.at, operator, left, right: sum(reader) };
  if (reader.takes('is')) {
    const negated = reader.takes('not');
    reader.expect('null');
    return negate(negated, { kind: 'is_null', at: left.at, operand: left });
  }
  const negated = reader.token.value === 'not' && reader.takes('not');
  if (negated) reader.expect('in');
  if (!negated && !reader.takes('in')) return left;
  reader.expect('(');
  return negate(negated, { kind: 'in', at: left.at, operand: left, list: list(reader) });
}

const negate = (negated: boolean, operand: Expression): Expression => (negated ? { kind: 'not', at: operand.at, operand } : operand);

function signed(reader: TokenReader): Expression {
  const { at } = reader.token;
  return reader.takes('-') ? { kind: 'negative', at, operand: reader.deeper(() => signed(reader)) } : primary(reader);
}

function primary(reader: TokenReader): Expression {
  const token = reader.take();
  const { at, value } = token;
  switch (token.kind) {
    case 'number':
      return { kind: 'number', at, text: value };
    case 'text':
      return { kind: 'text', at, value };
    case 'word':
      return reader.takes('(') ? { kind: 'call', at, name: value.toLowerCase(), arguments: list(reader) } : name(reader, token);
    case 'symbol':
    case 'end':
      return keyword(reader, token);
  }
}

function keyword(reader: TokenReader, { at, value, kind }: Token): Expression {
  if (kind === 'symbol') {
    if (value === 'null') return { kind: 'null', at };
    if (value === 'true' || value === 'false') return { kind: 'boolean', at, value: value === 'true' };
    if (value === 'today') return { kind: 'today', at };
    if (value === 'case') return caseOf(reader, at);
    if (value === '(') {
      const inner = disjunction(reader);
      reader.expect(')');
      return inner;
    }
  }
  throw new ExpressionProblem(at, `expected a value, a name or a function, found ${value}`);
}

function name(reader: TokenReader, first: Token): Expression {
  const path = [first.value];
  while (reader.takes('.')) {
    const part = reader.take();
    if (part.kind !== 'word') throw new ExpressionProblem(part.at, `expected a name after the point, found ${part.value}`);
    path.push(part.value);
  }
  return { kind: 'name', at: first.at, path };
}

/** The rest of a list in parentheses, of one or more. */
function list(reader: TokenReader): readonly Expression[] {
  const items = [disjunction(reader)];
  while (reader.takes(',')) items.push(disjunction(reader));
  reader.expect(')');
  return items;
}

function caseOf(reader: TokenReader, at: number): Expression {
  const branches: CaseBranch[] = [];
  reader.expect('when');
  do {
    const when = disjunction(reader);
    reader.expect('then');
    branches.push({ when, value: disjunction(reader) });
  } while (reader.takes('when'));
  const otherwise = reader.takes('else') ? disjunction(reader) : undefined;
  reader.expect('end');
  return { kind: 'case', at, branches, otherwise };
}
