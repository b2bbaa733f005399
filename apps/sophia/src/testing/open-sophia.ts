import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfiguration } from '@sophia/shared';
import { type Served, serve } from '../server/serve.ts';
import { runHere, type Surroundings, type Told } from './run-here.ts';

/** A real Sophia in this process, with a data folder of its own, and what tests do with it. */
export interface OpenSophia {
  readonly served: Served;
  /** `http://host:port`. */
  readonly address: string;
  readonly dataDirectory: string;
  /** For files of a test; it goes with the data folder. */
  readonly outside: string;
  /** Writes a file there, and gives its path. */
  write(name: string, text: string): Promise<string>;
  /** Runs a command against it, through the socket in the data folder. */
  sophia(argv: readonly string[], surroundings?: Surroundings): Promise<Told>;
  /** What the command prints as JSON, where it ends well. */
  json(argv: readonly string[]): Promise<unknown>;
  close(): Promise<void>;
}

/** The arguments of a command without quotes. */
export const words = (line: string): string[] => line.split(' ');

export const openSophia = async (env: Readonly<Record<string, string>> = {}): Promise<OpenSophia> => {
  const outside = await mkdtemp(join(tmpdir(), 'sophia-command-'));
  const dataDirectory = join(outside, 'data');
  const parsed = readConfiguration({
    env: { SOPHIA_PORT: '0', SOPHIA_LOG_LEVEL: 'error', ...env },
    file: undefined,
    arguments: { 'data-dir': dataDirectory },
  });
  const served = await serve({ parsed, listens: true, say: () => undefined });
  const sophia: OpenSophia['sophia'] = (argv, surroundings) => runHere([...argv, '--data-dir', dataDirectory], surroundings);
  return {
    served,
    address: String(served.address),
    dataDirectory,
    outside,
    sophia,
    async write(name, text) {
      const path = join(outside, name);
      await writeFile(path, text);
      return path;
    },
    async json(argv) {
      const { code, out, err } = await sophia([...argv, '--json']);
      if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${err}`);
      return JSON.parse(out);
    },
    async close() {
      await served.close();
      await rm(outside, { recursive: true, force: true });
    },
  };
};
