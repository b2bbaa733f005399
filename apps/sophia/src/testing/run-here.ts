import { Readable } from 'node:stream';
import { run } from '../command-line/run.ts';
import type { Terminal } from '../command-line/terminal.ts';

export interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly environment?: Readonly<Record<string, string>>;
  /** How the terminal is; nobody's, without colours, unless told. */
  readonly terminal?: Partial<Terminal>;
  /** Comes from standard input. */
  readonly input?: string;
}

/** Runs a command in this process, as `main.ts` does, and keeps what it writes. */
export const runHere = async (argv: readonly string[], surroundings: Surroundings = {}): Promise<Told> => {
  const { written, invocation } = createScreen(surroundings);
  const code = await run(argv, invocation);
  return { code, ...written };
};

/** A terminal that keeps what commands write. */
export const createScreen = ({ environment = {}, terminal, input }: Surroundings = {}) => {
  const written = { out: '', err: '' };
  const screen: Terminal = {
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
    columns: undefined,
    errColumns: () => 80,
    colour: false,
    interactive: false,
    input: Readable.from(input === undefined ? [] : [input]),
    ...terminal,
  };
  return { written, invocation: { terminal: screen, environment } };
};

/** A terminal at which a person sits. */
export const WATCHED: Partial<Terminal> = { columns: 80, colour: true, interactive: true };
