import { createInterface } from 'node:readline/promises';
import type { Terminal } from '../command-line/terminal.ts';

/** Asks a person: a line without its end, or undefined where the input ends before one (Ctrl-D). Rejects where `signal` is aborted. */
export const askLine = async ({ input, err }: Terminal, question: string, signal?: AbortSignal): Promise<string | undefined> => {
  const lines = createInterface({ input });
  // A question whose input ends is never answered.
  const ended = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
  try {
    err(question);
    const answer = await Promise.race([lines.question('', { signal }), ended]);
    if (answer === undefined) err('\n');
    return answer?.trim();
  } finally {
    lines.close();
  }
};
