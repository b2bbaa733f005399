import { distance } from 'fastest-levenshtein';

/** The names nearest to a wrong one, as the end of a sentence: `; did you mean revenue?`, or nothing where none is near. */
export function closest(name: string, names: Iterable<string>): string {
  const near = nearest(name, names);
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`;
}

/** At most three names that differ from this one by a third of its letters, the nearest first. */
export function nearest(name: string, names: Iterable<string>): readonly string[] {
  const wrong = name.toLowerCase().slice(0, LONGEST);
  const most = Math.max(2, Math.ceil(wrong.length / 3));
  return [...new Set(names)]
    .filter((candidate) => candidate !== '')
    .map((candidate) => ({ candidate, letters: distance(wrong, candidate.toLowerCase()) }))
    .filter(({ letters }) => letters <= most)
    .sort((a, b) => a.letters - b.letters || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** The distance takes time in proportion to the length, and callers choose the name. */
const LONGEST = 200;
