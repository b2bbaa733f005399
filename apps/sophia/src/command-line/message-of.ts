/** What was thrown, in words; of several errors in one those of each. */
export const messageOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(' ');
  return error instanceof Error ? error.message : String(error);
};
