/** Chance as a collaborator: a number in [0, 1). */
export type Random = () => number;

export const systemRandom: Random = Math.random;

/** A reproducible sequence (mulberry32, Tommy Ettinger, public domain): for tests, samples and load, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
