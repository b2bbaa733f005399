/**
 * An expression as it was read, before its names are known.
 * `at` is the offset of the node's first character in the text.
 */
export type Expression =
  | { readonly kind: 'number'; readonly at: number; readonly text: string }
  | { readonly kind: 'text'; readonly at: number; readonly value: string }
  | { readonly kind: 'boolean'; readonly at: number; readonly value: boolean }
  | { readonly kind: 'null'; readonly at: number }
  | { readonly kind: 'today'; readonly at: number }
  | { readonly kind: 'name'; readonly at: number; readonly path: readonly string[] }
  | { readonly kind: 'negative'; readonly at: number; readonly operand: Expression }
  | { readonly kind: 'not'; readonly at: number; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly at: number;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: LogicalOperator; readonly at: number; readonly operands: readonly Expression[] }
  | { readonly kind: 'is_null'; readonly at: number; readonly operand: Expression }
  | { readonly kind: 'in'; readonly at: number; readonly operand: Expression; readonly list: readonly Expression[] }
  | { readonly kind: 'case'; readonly at: number; readonly branches: readonly CaseBranch[]; readonly otherwise: Expression | undefined }
  | { readonly kind: 'call'; readonly at: number; readonly name: string; readonly arguments: readonly Expression[] };

export interface CaseBranch {
  readonly when: Expression;
  readonly value: Expression;
}

export type ArithmeticOperator = '+' | '-' | '*' | '/';
export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';
export type BinaryOperator = ArithmeticOperator | ComparisonOperator;
export type LogicalOperator = 'and' | 'or';

/** What is wrong with an expression, and where in its text. */
export class ExpressionProblem extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.name = 'ExpressionProblem';
    this.at = at;
  }
}
