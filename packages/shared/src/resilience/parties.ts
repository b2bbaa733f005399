/** On whose behalf work is done: others may come to wait for it, too. */
export interface Parties {
  readonly all: ReadonlySet<string>;
  /** One that is among them already joins nothing. */
  join(party: string): void;
  /** Calls back with each that joins from now on, until the next call of this; undefined: nobody. */
  onJoined(callback: ((party: string) => void) | undefined): void;
}

export function createParties(first: string): Parties {
  const all = new Set([first]);
  let joined: ((party: string) => void) | undefined;
  return {
    all,
    join(party) {
      if (all.has(party)) return;
      all.add(party);
      joined?.(party);
    },
    onJoined(callback) {
      joined = callback;
    },
  };
}
