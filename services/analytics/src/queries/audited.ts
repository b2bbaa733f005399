import { type Clock, isSophiaError } from '@sophia/shared';
import type { Call, MetricQuery } from '@sophia/types';
import type { AuditTrail } from '../collaborators.ts';

export interface AuditedRead<T> {
  readonly call: Call;
  readonly action: string;
  readonly object: string;
  readonly rowsOf: (result: T) => number;
}

/** Runs a read and audits it with its outcome: a refusal with its code. What cannot be audited is not answered. */
export const audited = async <T>(
  { audit, clock }: { readonly audit: AuditTrail; readonly clock: Clock },
  { rowsOf, ...entry }: AuditedRead<T>,
  read: () => Promise<T>,
): Promise<T> => {
  const begun = clock.monotonic();
  const tell = async (result: string, rows: number): Promise<void> =>
    audit.read({ ...entry, result, rows, milliseconds: clock.monotonic() - begun });
  let result: T;
  try {
    result = await read();
  } catch (error) {
    await tell(isSophiaError(error) ? error.code : 'internal_error', 0);
    throw error;
  }
  await tell('ok', rowsOf(result));
  return result;
};

/** Names of metrics are the workspace's own words; a query of very many is cut. */
export const objectOf = ({ metrics }: Pick<MetricQuery, 'metrics'>): string => `metrics:${metrics.join(',').slice(0, 200)}`;
