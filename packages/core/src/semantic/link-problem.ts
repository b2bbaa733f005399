import { ExpressionProblem } from '../expression/expression.ts';
import { FilterProblem } from './bind-filter.ts';

/** A definition of the layer, and the key in it, that something is wrong with. */
export interface ProblemPlace {
  readonly definition: object;
  readonly key?: string | undefined;
  /** Offset in the text of that key's value. */
  readonly at?: number | undefined;
  /** Set where it lies in the files alone, whatever the record types are: then nothing of the files is taken. */
  readonly ofFiles?: true;
}

/** Takes note of a problem; linking goes on without that definition and what is made of it, so that all of them are found. */
export type Report = (place: ProblemPlace, message: string) => void;

/** The value, or undefined after its problem was reported. */
export function checked<T>(place: ProblemPlace, report: Report, bind: () => T): T | undefined {
  try {
    return bind();
  } catch (problem) {
    report({ ...place, at: problem instanceof ExpressionProblem ? problem.at : undefined }, messageOf(problem));
    return undefined;
  }
}

/** What nobody expects is a mistake of ours: it takes this definition alone, and is told at its place like any other. */
function messageOf(problem: unknown): string {
  if (problem instanceof ExpressionProblem || problem instanceof FilterProblem) return problem.message;
  return `cannot be read, which is a defect of Sophia: ${String(problem)}`;
}

/** The value, or undefined where it has a problem that is reported elsewhere. */
export const tolerated = <T>(bind: () => T): T | undefined => checked({ definition: {} }, () => undefined, bind);
