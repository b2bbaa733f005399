import { isSendersWord } from './senders-word.ts';

/** A stream whose beginning can be looked at before it is read. */
export interface Peekable {
  /**
   * The first bytes, at least `count` unless the stream is shorter; they are still read afterwards. A stream that fails by
   * its sender's word behind some bytes is as long as those, and fails when they have been read; any other fails here.
   */
  peek(count: number): Promise<Buffer>;
  /** The whole stream from its beginning; can be taken once. */
  readonly bytes: AsyncIterable<Buffer>;
  /** Ends the stream whether or not it was read. */
  close(): Promise<void>;
}

export function peekable(stream: AsyncIterable<Buffer>): Peekable {
  const iterator = stream[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let ended = false;
  let failure: { readonly error: unknown } | undefined;

  async function* bytes(): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) {
        const first = head;
        head = Buffer.alloc(0);
        yield first;
      }
      while (!ended) {
        const { done, value } = await iterator.next();
        if (done === true) break;
        yield value;
      }
      if (failure !== undefined) throw failure.error;
    } finally {
      await iterator.return?.();
    }
  }

  return {
    async peek(count) {
      const chunks = [head];
      let length = head.length;
      try {
        while (length < count && !ended) {
          const { done, value } = await iterator.next();
          if (done === true) ended = true;
          else {
            chunks.push(value);
            length += value.length;
          }
        }
      } catch (error) {
        if (length === 0 || !isSendersWord(error)) throw error;
        ended = true;
        failure = { error };
      }
      head = chunks.length === 1 ? head : Buffer.concat(chunks);
      return head;
    },
    bytes: bytes(),
    async close() {
      await iterator.return?.();
    },
  };
}
