import type { Audit } from '@sophia/auth';
import { isSophiaError } from '@sophia/shared';
import type { Call } from '@sophia/types';

interface Operation {
  readonly call: Call;
  readonly action: string;
  readonly object: string;
}

/** Does it; how it ends is audited, with a failure's code: what was begun may go on, or have changed something before. */
export const auditingEnd = async <T>(
  audit: Pick<Audit, 'write'>,
  operation: Operation,
  work: () => Promise<T>,
  rowsOf?: (done: T) => number,
): Promise<T> => {
  const begun = performance.now();
  const tell = (result: string, rows?: number): Promise<void> =>
    audit.write({ ...operation, result, rows, milliseconds: performance.now() - begun });
  let done: T;
  try {
    done = await work();
  } catch (error) {
    await tell(isSophiaError(error) ? error.code : 'internal_error');
    throw error;
  }
  await tell('ok', rowsOf?.(done));
  return done;
};
