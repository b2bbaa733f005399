/** Tokens of the latest writes of this process. */
export interface OwnTokens {
  add(token: string): void;
  has(token: string): boolean;
}

/** Tokens that are remembered: whoever reads their own write does so soon. */
const MOST = 10_000;

export function createOwnTokens(most = MOST): OwnTokens {
  const tokens = new Set<string>();
  return {
    add(token) {
      tokens.add(token);
      if (tokens.size <= most) return;
      const [oldest] = tokens;
      // It has more than none.
      tokens.delete(oldest as string);
    },
    has: (token) => tokens.has(token),
  };
}
