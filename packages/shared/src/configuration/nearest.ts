import { distance } from 'fastest-levenshtein';

/** The known name that the found one is most likely a misspelling of, or undefined when none is near. */
export function nearest(found: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(found.length / 3)) + 1;
  for (const name of known) {
    const steps = distance(found.toLowerCase(), name.toLowerCase());
    if (steps < least) {
      best = name;
      least = steps;
    }
  }
  return best;
}
