import type { LogLevel } from '@sophia/shared';
import { type DestinationStream, destination as openDestination, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import { maskSecrets, SECRET_KEYS } from './mask-secrets.ts';

/** pino's logger: `logger.info({ rows }, 'import finished')`. */
export type Logger = PinoLogger;

/** Where lines go: standard output, a file, or whoever takes a line. */
export type LogDestination = 'stdout' | { readonly file: string } | { write(line: string): unknown };

export interface LoggerOptions {
  readonly service: string;
  readonly version: string;
  readonly level: LogLevel;
  readonly destination: LogDestination;
  /** Fields of every line that depend on the moment: the trace. */
  readonly context: () => object;
}

export interface OpenLogger {
  readonly logger: Logger;
  /** Resolves when every line so far is written. */
  close(): Promise<void>;
}

/** Lines of JSON with time, level, service and trace; secrets are masked wherever they stand. */
export function createLogger({ service, version, level, destination, context }: LoggerOptions): OpenLogger {
  const { stream, close } = open(destination);
  const logger = pino(
    {
      level,
      base: { service, version },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: context,
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: '***' },
      hooks: { streamWrite: maskSecrets },
    },
    stream,
  );
  return { logger, close };
}

function open(destination: LogDestination): { stream: DestinationStream; close: () => Promise<void> } {
  if (typeof destination === 'object' && 'write' in destination) return { stream: destination, close: async () => undefined };
  const stream = openDestination({ dest: destination === 'stdout' ? 1 : destination.file, sync: false, mkdir: true });
  // A file is opened meanwhile; what cannot be opened or written is no reason to stop.
  const settled =
    destination === 'stdout'
      ? Promise.resolve()
      : new Promise<void>((resolve) => stream.once('ready', resolve).once('error', () => resolve()));
  const flush = () => new Promise<void>((resolve) => stream.flush(() => resolve()));
  return { stream, close: () => settled.then(flush) };
}
