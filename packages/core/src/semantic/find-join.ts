import type { EntityReference, LinkedModel } from './linked-layer.ts';

/** Most references that one join path follows. */
const MAX_HOPS = 4;

export interface JoinPath {
  readonly hops: readonly EntityReference[];
  readonly target: LinkedModel;
}

export type JoinSearch =
  | { readonly kind: 'found'; readonly join: JoinPath }
  /** The path is found, and the record types do not allow this reference on it. */
  | { readonly kind: 'broken'; readonly reference: EntityReference }
  | { readonly kind: 'ambiguous'; readonly paths: readonly JoinPath[] }
  | { readonly kind: 'none' };

/**
 * The many-to-one path from a model to what the names say: its own primary entity, or the last references of a path,
 * each named by its role or by the entity that it leads to. The shortest path wins, of several of equal length the one
 * whose roles the names are; else they are ambiguous.
 */
export function findJoin(from: LinkedModel, names: readonly string[], entities: ReadonlyMap<string, LinkedModel>): JoinSearch {
  let paths: readonly JoinPath[] = [{ hops: [], target: from }];
  for (let length = 0; length <= MAX_HOPS && paths.length > 0; length += 1) {
    for (const isStep of [isRole, isRoleOrEntity]) {
      const matching = paths.filter((path) => matches(path, names, from, isStep));
      const [join] = matching;
      if (join !== undefined) return matching.length === 1 ? foundOrBroken(join) : { kind: 'ambiguous', paths: matching };
    }
    paths = paths.flatMap((path) => oneFurther(path, entities));
  }
  return { kind: 'none' };
}

function foundOrBroken(join: JoinPath): JoinSearch {
  const reference = join.hops.find(({ isBroken }) => isBroken);
  return reference === undefined ? { kind: 'found', join } : { kind: 'broken', reference };
}

type IsStep = (reference: EntityReference, name: string | undefined) => boolean;
const isRole: IsStep = ({ role }, name) => role === name;
const isRoleOrEntity: IsStep = ({ role, to }, name) => role === name || to === name;

function matches({ hops }: JoinPath, names: readonly string[], from: LinkedModel, isStep: IsStep): boolean {
  const fromStart = names[0] === from.primary && names.length === hops.length + 1;
  const steps = fromStart ? names.slice(1) : names;
  if (steps.length === 0) return fromStart;
  if (steps.length > hops.length) return false;
  const last = hops.slice(hops.length - steps.length);
  return last.every((reference, index) => isStep(reference, steps[index]));
}

const oneFurther = ({ hops, target }: JoinPath, entities: ReadonlyMap<string, LinkedModel>): readonly JoinPath[] =>
  target.references.flatMap((reference) => {
    const next = entities.get(reference.to);
    return next === undefined ? [] : [{ hops: [...hops, reference], target: next }];
  });

/** Every join path from a model that can be taken, the shortest first. */
export function allJoins(from: LinkedModel, entities: ReadonlyMap<string, LinkedModel>): readonly JoinPath[] {
  const all: JoinPath[] = [];
  let paths: readonly JoinPath[] = [{ hops: [], target: from }];
  for (let length = 0; length <= MAX_HOPS && paths.length > 0; length += 1) {
    all.push(...paths);
    paths = paths.flatMap((path) => oneFurther(path, entities)).filter(({ hops }) => hops.at(-1)?.isBroken === false);
  }
  return all;
}

/** The path as a query writes it: `issue.assignee`. */
export const describePath = (from: LinkedModel, { hops }: JoinPath): string =>
  [...(from.primary === undefined ? [] : [from.primary]), ...hops.map(({ role }) => role)].join('.');
