import { SophiaError } from '@sophia/shared';
import type { SemanticProblem } from '@sophia/types';

/** The error that says all of them, the first hundred in words, after a line that says what of. */
export function semanticLayerError(problems: readonly SemanticProblem[], ...head: readonly string[]): SophiaError {
  const lines = problems.slice(0, 100).map(({ path, line, column, message }) => `${path}:${line}:${column}: ${message}`);
  return new SophiaError('semantic_model_invalid', [...head, ...lines].join('\n'), { details: { problems } });
}
