import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Clock } from '@sophia/shared';
import { parseShortRequest, type ShortRequest, type ShortResponse } from './short-request.ts';

export interface ShortConnectionsOptions {
  /** Answers the request, now or later; false where it is not for the short ways: nothing was written then. */
  readonly serve: (request: ShortRequest, response: ShortResponse) => boolean;
  /** Whether a request that was not served is lent, and its connection stays. */
  readonly lends: (request: ShortRequest) => boolean;
  /** Takes a connection, with the bytes put back that were read of it: a socket for good, or what stands for one. `request` is what was not served. */
  readonly handOver: (connection: Duplex, request: ShortRequest | undefined) => void;
  readonly clock: Clock;
  /** Milliseconds that a connection may be idle between two requests. */
  readonly keepAlive: number;
  /** Milliseconds until its first request. */
  readonly first: number;
}

/** Connections whose requests are for the short ways, but for those that are lent. */
export interface ShortConnections {
  accept(socket: Socket): void;
  /** To be told of each request on what was handed over. */
  begun(request: IncomingMessage, response: ServerResponse): void;
  /** Ends those that are idle, and the others with their answer. */
  close(): void;
}

/** Milliseconds between looks for idle connections. */
const SWEEP = 5_000;
const GRACE = 1_000;
/** Bytes that are read before their turn. */
const MOST_EARLY = 65_536;

/**
 * Reads requests for the short ways off the socket, which spares the streams and events that node:http
 * makes of each (17 of 80 µs). A connection is given to node:http at its first request of another kind,
 * or whose head is not of the plainest form, or that does not come whole and alone. What could have been
 * served, but was not this time, is lent to node:http, and its connection stays.
 */
export const createShortConnections = (options: ShortConnectionsOptions): ShortConnections => {
  const { clock, keepAlive, first } = options;
  const open = new Set<Connection>();
  const shared: Shared = { ...options, open, isClosing: false, date: createDate(clock) };
  const sweeper = setInterval(() => {
    const now = clock.monotonic();
    // A little later than was said, so that a request that is under way is not met by the end.
    for (const connection of open) connection.dropIfIdleSince(now - keepAlive - GRACE, now - first);
  }, SWEEP).unref();
  return {
    accept(socket) {
      if (shared.isClosing) options.handOver(socket, undefined);
      else open.add(new Connection(socket, shared));
    },
    begun({ socket }, response) {
      const connection: unknown = socket;
      if (connection instanceof Bridge) response.once('finish', () => connection.answered());
    },
    close() {
      shared.isClosing = true;
      clearInterval(sweeper);
      for (const connection of open) connection.endIfIdle();
    },
  };
};

interface Shared extends ShortConnectionsOptions {
  readonly open: Set<Connection>;
  isClosing: boolean;
  /** The time as a header has it. */
  readonly date: () => string;
}

class Connection {
  readonly socket: Socket;
  readonly #shared: Shared;
  /** A request is in hand, or its answer not taken yet. */
  #isBusy = false;
  #isFull = false;
  /** What came before its answer. */
  #early: Buffer | undefined;
  #hasServed = false;
  #idleSince: number;

  constructor(socket: Socket, shared: Shared) {
    this.socket = socket;
    this.#shared = shared;
    this.#idleSince = shared.clock.monotonic();
    socket.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose);
  }

  /** The first time is for those that have served, the second for others. */
  dropIfIdleSince(served: number, unserved: number): void {
    if (!this.#isBusy && this.#idleSince <= (this.#hasServed ? served : unserved)) this.#drop();
  }

  endIfIdle(): void {
    if (this.#isFull) this.#drop();
    else if (!this.#isBusy) this.socket.off('data', this.#onData).destroySoon();
  }

  /** The answer, in one piece. */
  answer(status: number, headers: readonly string[], body: string | Buffer): void {
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
    for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`;
    head += `date: ${this.#shared.date()}\r\n${this.#connectionHeaders()}\r\n\r\n`;
    const hasRoom = this.socket.write(typeof body === 'string' ? head + body : withHead(head, body));
    this.#answered(hasRoom);
  }

  #answered(hasRoom: boolean): void {
    if (this.#shared.isClosing) return this.socket.destroySoon();
    this.#hasServed = true;
    this.#idleSince = this.#shared.clock.monotonic();
    if (hasRoom) this.#goOn();
    else this.#waitForRoom();
  }

  #connectionHeaders(): string {
    return this.#shared.isClosing ? 'connection: close' : `connection: keep-alive\r\nkeep-alive: timeout=${this.#shared.keepAlive / 1000}`;
  }

  #onData = (bytes: Buffer): void => {
    if (!this.#isBusy) return this.#take(bytes);
    this.#early = this.#early === undefined ? bytes : Buffer.concat([this.#early, bytes]);
    if (this.#early.length > MOST_EARLY) this.socket.pause();
  };
  /** Who says its last hears nothing more, as with node:http. */
  #onEnd = (): void => this.socket.destroySoon();
  /** What follows is its close. */
  #onError = (): void => {};
  #onClose = (): void => void this.#shared.open.delete(this);
  #drop = (): void => void this.socket.destroy();

  #take(bytes: Buffer): void {
    const request = parseShortRequest(bytes, this.socket);
    if (request === undefined) return this.#handOver(bytes, undefined);
    this.#isBusy = true;
    if (this.#shared.serve(request, new SocketResponse(this))) return;
    if (this.#shared.lends(request)) return this.#lend(bytes, request);
    this.#isBusy = false;
    this.#handOver(bytes, request);
  }

  #lend(bytes: Buffer, request: ShortRequest): void {
    const bridge = new Bridge(this.socket, bytes, () => this.#answered(!this.socket.writableNeedDrain));
    this.#shared.handOver(bridge, request);
  }

  #handOver(bytes: Buffer, request: ShortRequest | undefined): void {
    const { socket } = this;
    this.#shared.open.delete(this);
    socket.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError).off('close', this.#onClose);
    socket.pause();
    socket.unshift(bytes);
    this.#shared.handOver(socket, request);
    socket.resume();
  }

  /** Takes what came before the answer when the answer’s work is over, and listens again. */
  #goOn(): void {
    if (this.#early === undefined) this.#isBusy = false;
    else process.nextTick(this.#takeEarly);
  }

  #takeEarly = (): void => {
    const early = this.#early as Buffer;
    this.#early = undefined;
    this.#isBusy = false;
    this.socket.resume();
    this.#onData(early);
  };

  /** Who does not read what it asked for is not listened to, and dropped where nothing more of it is taken for long. */
  #waitForRoom(): void {
    const { socket } = this;
    this.#isFull = true;
    socket.pause();
    socket.setTimeout(this.#shared.keepAlive, this.#drop);
    socket.once('drain', () => {
      this.#isFull = false;
      socket.setTimeout(0, this.#drop);
      socket.resume();
      this.#goOn();
    });
  }
}

/** Stands for a socket while node:http answers one request of it. */
class Bridge extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly bytesRead: number;
  readonly #socket: Socket;
  readonly #goOn: () => void;
  #isAnswered = false;

  constructor(socket: Socket, request: Buffer, goOn: () => void) {
    super();
    this.remoteAddress = socket.remoteAddress;
    this.bytesRead = request.length;
    this.#socket = socket;
    this.#goOn = goOn;
    socket.once('close', this.#onClose);
    this.push(request);
  }

  /** The connection goes on, where it is not closed with the answer. */
  answered(): void {
    if (this.writableEnded) return;
    this.#isAnswered = true;
    this.destroy();
    this.#goOn();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#socket.write(chunk)) done();
    else this.#socket.once('drain', done);
  }

  override _final(done: () => void): void {
    this.#socket.destroySoon();
    done();
  }

  override _destroy(_error: Error | null, done: () => void): void {
    this.#socket.off('close', this.#onClose);
    if (!this.#isAnswered && !this.writableFinished) this.#socket.destroy();
    done();
  }

  #onClose = (): void => void this.destroy();
}

class SocketResponse implements ShortResponse {
  headersSent = false;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get destroyed(): boolean {
    return !this.#connection.socket.writable;
  }

  writeHead(status: number, headers: readonly string[]): { end(body?: string | Buffer): void } {
    this.headersSent = true;
    return {
      end: (body = '') => {
        if (!this.destroyed) this.#connection.answer(status, headers, body);
      },
    };
  }
}

const withHead = (head: string, body: Buffer): Buffer => {
  const bytes = Buffer.allocUnsafe(head.length + body.length);
  bytes.write(head, 0, 'latin1');
  body.copy(bytes, head.length);
  return bytes;
};

/** The text is made once a second. */
const createDate = (clock: Clock) => {
  let second = Number.NaN;
  let text = '';
  return (): string => {
    const now = Math.floor(clock.now() / 1000);
    if (now !== second) text = new Date(now * 1000).toUTCString();
    second = now;
    return text;
  };
};
