import type { TypeAccess } from '@sophia/core';

/** Fields that records of the type mask for the principal, all or some of them; undefined where nothing is masked. */
export const maskedFields = ({ masks }: TypeAccess): ReadonlySet<string> | undefined =>
  masks.length === 0 ? undefined : new Set(masks.flatMap(({ fields }) => fields));
