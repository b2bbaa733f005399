import type { Catalog, ImportPlace } from '@sophia/catalog';
import { withDeadline } from '@sophia/shared';
import type { Call } from '@sophia/types';

/** An import takes as long as it takes. */
export const IMPORT_DEADLINE = 24 * 3_600_000;

/** Holds a place among the imports of the principal from before the first byte is read until all is done. */
export const inPlace = async <T>(
  { imports }: Pick<Catalog, 'imports'>,
  call: Call,
  work: (place: ImportPlace) => Promise<T>,
): Promise<T> => {
  const place = await imports.permit(call);
  try {
    return await work(place);
  } finally {
    place.leave();
  }
};

/**
 * Waits for what must be read before an import begins, which is as long as its sender is quiet, but not beyond the end of
 * imports. What is still read then ends with its connection. Errors: `unavailable`, and those of `reading`.
 */
export const unlessStopped = <T>({ stopped }: ImportPlace, reading: () => Promise<T>): Promise<T> =>
  withDeadline(IMPORT_DEADLINE, reading, { what: 'the sender', signal: stopped });
