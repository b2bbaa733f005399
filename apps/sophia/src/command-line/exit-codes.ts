/** What the exit code of a command says. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'It is done.' },
  failed: { code: 1, meaning: 'It failed; the message says why.' },
  usage: { code: 2, meaning: 'The command or the request is not well formed: an unknown option, metric or field.' },
  notFound: { code: 3, meaning: 'The thing that was named is not there.' },
  rejected: { code: 4, meaning: 'It is done, but rows were rejected; they are in the dead letters.' },
  forbidden: { code: 5, meaning: 'The key is not valid, or its role may not do that.' },
  temporary: { code: 75, meaning: 'Not possible at the moment; the same command may succeed later.' },
  interrupted: { code: 130, meaning: 'It was interrupted.' },
} as const;
export type Exit = keyof typeof EXIT_CODES;

/** The exit that fits the status of a problem document. */
export const exitOfStatus = (status: number): Exit => {
  if (status === 404) return 'notFound';
  if (status === 401 || status === 403) return 'forbidden';
  if (status === 429 || status === 503) return 'temporary';
  return status >= 500 || status === 409 || status === 410 || status === 412 ? 'failed' : 'usage';
};
