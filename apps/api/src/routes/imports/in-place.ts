import type { Catalog, ImportPlace } from '@sophia/catalog';
import type { Call } from '@sophia/types';

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
