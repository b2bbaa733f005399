import type { CacheDependency } from './cache.ts';

export interface Tagged {
  readonly dependencies: readonly CacheDependency[];
}

/** Finds what depends on a tag. A member may be removed while the members of a tag are walked. */
export interface TagIndex<Member extends Tagged> {
  add(member: Member): void;
  remove(member: Member): void;
  of(tag: string): Iterable<Member>;
  all(): Iterable<Member>;
}

export const createTagIndex = <Member extends Tagged>(): TagIndex<Member> => {
  const byTag = new Map<string, Set<Member>>();
  const untagged = new Set<Member>();
  return {
    add(member) {
      if (member.dependencies.length === 0) untagged.add(member);
      for (const { tag } of member.dependencies) {
        const members = byTag.get(tag);
        if (members === undefined) byTag.set(tag, new Set([member]));
        else members.add(member);
      }
    },
    remove(member) {
      untagged.delete(member);
      for (const { tag } of member.dependencies) {
        const members = byTag.get(tag);
        if (members?.delete(member) && members.size === 0) byTag.delete(tag);
      }
    },
    of: (tag) => byTag.get(tag) ?? [],
    *all() {
      yield* untagged;
      for (const members of byTag.values()) yield* members;
    },
  };
};
