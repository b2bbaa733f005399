import type { JsonObject } from '@sophia/types';
import { asBuffers } from '../bytes/as-buffers.ts';
import type { ImportItem, ImportRow, ImportTarget } from '../import-item.ts';
import { DEFAULT_LIMITS } from '../read/limits.ts';
import { type TextBlock, textBlocks } from '../read/text-blocks.ts';
import { pauses } from './pauses.ts';
import { createRowBuffer } from './row-buffer.ts';
import { invalidMessage, parseSingerMessage, type SchemaMessage, type SingerMessage } from './singer-message.ts';

/** What the rows of a stream become. */
export interface SingerStream {
  readonly target: ImportTarget;
  toRow(record: JsonObject, line: number): ImportRow;
}

export interface SingerOptions {
  /** Decides on a stream by its schema, before any of its rows; asked again when a tap sends another schema. */
  readonly openStream: (schema: SchemaMessage) => Promise<SingerStream>;
  /** Rows that are gathered at most; 2,500 unless told. */
  readonly batchRows?: number | undefined;
}

const BATCH_ROWS = 2500;

/**
 * Reads what a Singer tap writes. A state comes out behind all rows before it; of several states between two batches only
 * the last, which stands for the others. Rows are gathered until the batch is full or the tap pauses. What a tap sent
 * before it failed still comes out. Errors: `invalid_singer_message`, and those of the bytes and of `openStream`.
 */
export async function* readSinger(bytes: AsyncIterable<Uint8Array>, options: SingerOptions): AsyncGenerator<ImportItem> {
  const reader = createMessageReader(options);
  try {
    for await (const event of pauses(textBlocks(asBuffers(bytes), DEFAULT_LIMITS))) {
      if (event.kind === 'pause') yield* reader.flush();
      else yield* reader.read(event.value);
    }
  } catch (error) {
    yield* reader.flush();
    throw error;
  }
  yield* reader.flush();
}

interface MessageReader {
  read(block: TextBlock): AsyncGenerator<ImportItem>;
  flush(): readonly ImportItem[];
}

interface OpenStream extends SingerStream {
  /** The schema as it was sent, to tell another one. */
  readonly schema: string;
}

function createMessageReader({ openStream, batchRows = BATCH_ROWS }: SingerOptions): MessageReader {
  const streams = new Map<string, OpenStream>();
  const buffer = createRowBuffer();
  let line = 0;

  async function* read({ text, bad }: TextBlock): AsyncGenerator<ImportItem> {
    for (let start = 0; start < text.length; ) {
      const feed = text.indexOf('\n', start);
      const end = feed === -1 ? text.length : feed;
      line += 1;
      if (bad[0] !== undefined && bad[0].from < end) throw invalidMessage(line, 'UTF-8, at most 8 MiB of it');
      const content = text.slice(start, end);
      if (content.trim() !== '') yield* take(parseSingerMessage(content, line));
      start = end + 1;
    }
  }

  async function* take(message: SingerMessage): AsyncGenerator<ImportItem> {
    switch (message.type) {
      case 'SCHEMA':
        yield* open(message);
        return;
      case 'RECORD': {
        const { target, toRow } = known(streams, message.stream, line);
        const row = toRow(message.record, line);
        buffer.add(target, message.version === undefined ? row : { ...row, streamVersion: message.version });
        if (buffer.size() >= batchRows) yield* buffer.flush();
        return;
      }
      case 'STATE':
        buffer.setState(message.value);
        return;
      case 'ACTIVATE_VERSION':
        yield* buffer.flush();
        yield { kind: 'activate_version', target: known(streams, message.stream, line).target, version: message.version };
    }
  }

  /** Taps repeat schemas; only another one, or other properties of it as key or bookmark, is news. */
  async function* open(message: SchemaMessage): AsyncGenerator<ImportItem> {
    const schema = JSON.stringify([message.schema, message.keyProperties, message.bookmarkProperties]);
    if (streams.get(message.stream)?.schema === schema) return;
    yield* buffer.flush();
    streams.set(message.stream, { ...(await openStream(message)), schema });
  }

  return { read, flush: buffer.flush };
}

function known(streams: ReadonlyMap<string, SingerStream>, name: string, line: number): SingerStream {
  const stream = streams.get(name);
  if (stream === undefined) throw invalidMessage(line, `a SCHEMA of the stream ${JSON.stringify(name)} before its rows`);
  return stream;
}
