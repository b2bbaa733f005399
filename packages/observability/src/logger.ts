import { write } from 'node:fs';
import type { LogLevel } from '@sophia/shared';
import { type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import { createLineWriter, type LineWriter, type LineWriterOptions } from './line-writer.ts';
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
  /** Told of lines that will not be written. */
  readonly onLost: (lines: number) => void;
}

export interface OpenLogger {
  readonly logger: Logger;
  /** Resolves when every line so far is written or given up. */
  close(): Promise<void>;
}

/** Lines of JSON with time, level, service and trace; secrets are masked wherever they stand. */
export function createLogger({ service, version, level, destination, context, onLost }: LoggerOptions): OpenLogger {
  const lines = openLines(destination, { onLost, onRecovered: (lost) => logger.warn({ lost }, 'lines of the log were lost') });
  const logger: Logger = pino(
    {
      level,
      base: { service, version },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: context,
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: '***' },
      hooks: { streamWrite: maskSecrets },
    },
    lines,
  );
  return { logger, close: () => lines.close() };
}

function openLines(destination: LogDestination, told: Pick<LineWriterOptions, 'onLost' | 'onRecovered'>): LineWriter {
  if (typeof destination === 'object' && 'write' in destination) {
    return { write: (line) => void destination.write(line), close: async () => undefined };
  }
  // Asking for a standard stream sets a pipe to not blocking, which the writer needs.
  const target = destination === 'stdout' ? process.stdout.fd : destination.file;
  return createLineWriter({ ...told, target, tell: (line) => write(process.stderr.fd, `${line}\n`, () => undefined) });
}
