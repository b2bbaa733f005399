/** Where a command writes: results to `out`, all that is for people while they wait to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Characters in a line of results; undefined where they go to a file or program. */
  readonly columns: number | undefined;
  /** Whether results may have colours. */
  readonly colour: boolean;
  /** Whether lines on `err` may be written over, and a person can be asked. */
  readonly interactive: boolean;
  readonly input: NodeJS.ReadableStream;
}

type Output = Pick<NodeJS.WriteStream, 'write' | 'once'> & { readonly isTTY?: boolean; readonly columns?: number };

export const openTerminal = (
  { stdout, stderr, stdin }: { stdout: Output; stderr: Output; stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean } },
  environment: Readonly<Record<string, string | undefined>>,
): Terminal => {
  let isRead = true;
  // `sophia … | head` has read enough: the rest is for nobody.
  stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    isRead = false;
  });
  return {
    out: (text) => {
      if (isRead) stdout.write(text);
    },
    err: (text) => void stderr.write(text),
    columns: stdout.isTTY === true ? (stdout.columns ?? 80) : undefined,
    // https://no-color.org: any value that is not empty.
    colour: stdout.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb',
    interactive: stderr.isTTY === true && stdin.isTTY === true,
    input: stdin,
  };
};
