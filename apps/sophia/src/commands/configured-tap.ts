import { dirname, resolve } from 'node:path';
import { type RunningTap, runTap } from '@sophia/connectors';
import { isJsonObject, parseVerbatimJson } from '@sophia/shared';
import type { JsonObject, JsonValue } from '@sophia/types';
import { CommandError } from '../command-line/command-error.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { messageOf } from '../command-line/message-of.ts';
import { readNamed } from '../input/read-named.ts';

/** A Singer tap as a YAML file configures it. */
export interface ConfiguredTap {
  /** Names its imports: the state of the last one is gone on from. */
  readonly name: string;
  readonly sourceSystem: string | undefined;
  /** Paths of mappings. */
  readonly mappings: readonly string[];
  /** What the tap writes, once it has begun. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Starts the tap from a state; null: from the beginning. */
  begin(state: JsonValue | null): void;
  /** Ends it, whatever it is about: an import may be over before its tap has written all, and a quiet one would not notice. */
  close(): Promise<void>;
}

const KEYS = ['name', 'source_system', 'command', 'config', 'catalog', 'mappings', 'environment'];

/** The tap's files stand below the data folder while it runs. Errors: `CommandError` where `path` is not there or not well formed. */
export const readTap = async (path: string, dataDirectory: string, { environment, terminal }: Invocation): Promise<ConfiguredTap> => {
  const { parse } = await import('yaml');
  const text = await readNamed('tap', path);
  const found = parsed(path, () => parse(text, { intAsBigInt: true }));
  if (typeof found !== 'object' || found === null) throw invalid(path, 'it is no mapping of keys');
  const tap = found as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(tap).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw invalid(path, `${unknown} is no key of a tap; they are ${KEYS.join(', ')}`);
  const [program, ...args] = texts(path, 'command', tap.command);
  if (program === undefined) throw invalid(path, 'command is a list: the program and its arguments');
  const begun = Promise.withResolvers<JsonValue | null>();
  const folder = dirname(resolve(path));
  let running: Promise<RunningTap> | undefined;
  return {
    name: typeof tap.name === 'string' ? tap.name : program,
    sourceSystem: typeof tap.source_system === 'string' ? tap.source_system : undefined,
    mappings: texts(path, 'mappings', tap.mappings ?? []).map((mapping) => resolve(folder, mapping)),
    begin: (state) => begun.resolve(state),
    bytes: (async function* () {
      // A form's file is seen with its first byte, and the state is told only then. JSON passes over a space.
      yield Buffer.from(' ');
      const state = await begun.promise;
      running = runTap({
        command: [program, ...args],
        config: objectOf(path, 'config', tap.config ?? {}),
        catalog: tap.catalog === undefined ? undefined : objectOf(path, 'catalog', tap.catalog),
        state: state ?? undefined,
        // What a killed command leaves there is removed by the next one, or with the spool.
        directory: resolve(dataDirectory, 'spool'),
        environment: { PATH: environment.PATH ?? '', ...environmentOf(path, tap.environment, environment) },
        log: (line) => terminal.err(`${line}\n`),
      });
      yield* (await running).output;
    })(),
    async close() {
      // One that could not be started was told to who reads it.
      await running?.then(
        (started) => started.close(),
        () => undefined,
      );
    },
  };
};

const parsed = (path: string, parse: () => unknown): unknown => {
  try {
    return parse();
  } catch (error) {
    const [what = ''] = messageOf(error).split('\n');
    throw invalid(path, what.replace(/[.:]$/, ''));
  }
};

/** `environment` names the variables that the tap may see. */
const environmentOf = (path: string, names: unknown, environment: Invocation['environment']): Record<string, string> =>
  Object.fromEntries(
    texts(path, 'environment', names ?? []).flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );

const texts = (path: string, key: string, found: unknown): readonly string[] => {
  if (Array.isArray(found) && found.every((each) => typeof each === 'string')) return found;
  throw invalid(path, `${key} is a list of texts`);
};

const objectOf = (path: string, key: string, found: unknown): JsonObject => {
  const json = parseVerbatimJson(JSON.stringify(found, (_name, value: unknown) => written(path, key, value)));
  if (isJsonObject(json)) return json;
  throw invalid(path, `${key} is a mapping of keys`);
};

/** Whole numbers keep all their digits: ids of 64 bits are among them. */
const written = (path: string, key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return JSON.rawJSON(String(value));
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  throw invalid(path, `${key} has the number ${value}, which JSON has not`);
};

const invalid = (path: string, what: string): CommandError => new CommandError('usage', `The tap ${path} is not well formed: ${what}.`);
