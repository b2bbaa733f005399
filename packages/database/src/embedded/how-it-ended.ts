/** Of a process that has said nothing: an exit code, or the signal that ended it. */
export const howItEnded = ({ code, signal }: { readonly code: unknown; readonly signal: unknown }): string =>
  typeof signal === 'string' ? `it was ended by ${signal}` : `it ended with exit code ${code}`;
