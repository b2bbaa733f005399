import type { BatchStep, StepResult } from './pipelined-batch.ts';

type Rows = Record<string, unknown>[];

/** Reads as the steps of a batch, where those that differ in their key alone are one step. */
export interface SharedReads {
  readonly steps: readonly BatchStep[];
  /** The rows of the read of this index; undefined where its step was not done. */
  rowsOf(read: number, results: readonly StepResult[]): Rows | undefined;
}

interface SharedStep {
  readonly read: BatchStep;
  readonly keys: Set<unknown>;
  /** The step's rows by their key, once they are asked for. */
  byKey?: Map<string, Rows>;
}

/** One read as a step: its key is an array of one. */
export const aloneStep = (read: BatchStep): BatchStep => withKeys(read, [keyOf(read)]);

/** Rows are the same objects for reads of the same key. */
export function shareReads(reads: readonly BatchStep[]): SharedReads {
  const shared: SharedStep[] = [];
  const places = reads.map((read) => {
    const place = shared.findIndex((step) => differsInKeyAlone(step.read, read));
    shared[place]?.keys.add(keyOf(read));
    return place === -1 ? shared.push({ read, keys: new Set([keyOf(read)]) }) - 1 : place;
  });
  return {
    steps: shared.map(({ read, keys }) => withKeys(read, [...keys])),
    rowsOf(index, results) {
      const place = places[index] as number;
      const rows = results[place]?.rows;
      // Both are there: each read has a place, and each place a step.
      const [read, step] = [reads[index] as BatchStep, shared[place] as SharedStep];
      const { keyed } = read.statement;
      if (rows === undefined || keyed === undefined || step.keys.size === 1) return rows;
      step.byKey ??= Map.groupBy(rows, (row) => String(row[keyed.column]));
      return step.byKey.get(String(keyOf(read))) ?? [];
    },
  };
}

const keyOf = ({ statement, values }: BatchStep): unknown => (statement.keyed === undefined ? undefined : values[statement.keyed.value]);

const withKeys = (read: BatchStep, keys: readonly unknown[]): BatchStep => {
  const { statement, values } = read;
  return statement.keyed === undefined ? read : { statement, values: values.with(statement.keyed.value, keys) };
};

function differsInKeyAlone(one: BatchStep, other: BatchStep): boolean {
  const { keyed, name, text } = one.statement;
  return (
    keyed !== undefined &&
    name === other.statement.name &&
    text === other.statement.text &&
    one.values.every((value, index) => index === keyed.value || value === other.values[index])
  );
}
