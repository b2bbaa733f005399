/**
 * PostgreSQL's `pg_snapshot`: which transactions had ended when it was taken. Ids are numbers: a
 * million transactions a second reach 2^53 after 285 years.
 */
export interface Snapshot {
  /** `xmin:xmax:running,...` as PostgreSQL writes it. */
  readonly text: string;
  /** Every transaction below had ended. */
  readonly minimum: number;
  /** No transaction from here on had ended. */
  readonly maximum: number;
  /** Those between the two that were still running. */
  readonly running: ReadonlySet<number>;
}

export function parseSnapshot(text: string): Snapshot {
  const [minimum, maximum, running = ''] = text.split(':');
  return {
    text,
    minimum: Number(minimum),
    maximum: Number(maximum),
    running: new Set(running === '' ? [] : running.split(',').map(Number)),
  };
}

/** Whether the transaction had ended: what it committed is in the snapshot. */
export const contains = ({ minimum, maximum, running }: Snapshot, transaction: number): boolean =>
  transaction < minimum || (transaction < maximum && !running.has(transaction));
