import type { CacheChange, CacheDependency } from './cache.ts';

export const changesByTag = (changes: readonly CacheChange[]): Map<string, CacheChange[]> => {
  const groups = new Map<string, CacheChange[]>();
  for (const change of changes) {
    const group = groups.get(change.tag);
    if (group === undefined) groups.set(change.tag, [change]);
    else group.push(change);
  }
  return groups;
};

/** Whether one of the changes, all of this tag, concerns what has the dependencies. */
export const isTouched = (dependencies: readonly CacheDependency[], tag: string, changes: readonly CacheChange[]): boolean =>
  dependencies.some(
    ({ tag: own, isAffected }) =>
      own === tag && (isAffected === undefined || changes.some(({ change }) => change === undefined || isAffected(change))),
  );
