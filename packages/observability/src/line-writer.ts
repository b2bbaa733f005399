import { close, constants, open, write, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { withDeadline } from '@sophia/shared';

export interface LineWriterOptions {
  /** A descriptor, which should not block, or the path of a file, which is opened with the first line. */
  readonly target: number | string;
  /** Told of lines that will not be written. */
  readonly onLost: (lines: number) => void;
  /** Told how many were lost, when the target takes lines again. */
  readonly onRecovered: (lost: number) => void;
  /** Takes a line for people, once for each time that the target fails. */
  readonly tell: (line: string) => void;
  /** Bytes that wait for a target which takes none; 4 MiB unless told. */
  readonly maximumWaiting?: number | undefined;
  /** Milliseconds between two attempts; 100 unless told. */
  readonly retryMilliseconds?: number | undefined;
  /** Milliseconds that the last lines have to be written; 2,000 unless told. */
  readonly closeMilliseconds?: number | undefined;
}

/** Writes lines in their order. It neither waits nor throws: what cannot be written is no reason to stop. */
export interface LineWriter {
  write(line: string): void;
  /** Resolves when all lines are written or given up. */
  close(): Promise<void>;
}

/**
 * Writes to a target that may fail: a full disk, a pipe that nobody reads. It is tried again until it takes lines; meanwhile they
 * wait, up to a bound, and those beyond it are lost and counted. (sonic-boom, pino's own way, keeps them without a bound, throws
 * what fails, and at the end of the process tries again without end.)
 */
export const createLineWriter = (options: LineWriterOptions): LineWriter => new WaitingLines(options);

class WaitingLines implements LineWriter {
  readonly #options: LineWriterOptions;
  readonly #maximumWaiting: number;
  readonly #path: string;
  #descriptor: number | undefined;
  #waiting = '';
  /** What is left of the lines that are being written. */
  #inHand: Buffer = Buffer.alloc(0);
  #isInFlight = false;
  #writing: Promise<void> | undefined;
  #endPause: (() => void) | undefined;
  #isClosed = false;
  /** Of the failure that lasts. */
  #isTold = false;
  #lost = 0;

  constructor(options: LineWriterOptions) {
    this.#options = options;
    this.#maximumWaiting = options.maximumWaiting ?? 4 * 1024 * 1024;
    const { target } = options;
    this.#path = String(target);
    if (typeof target === 'number') this.#descriptor = target;
    process.on('exit', this.#writeAtExit);
  }

  write(line: string): void {
    if (this.#isClosed) return this.#options.onLost(1);
    if (this.#waiting.length + this.#inHand.length >= this.#maximumWaiting) return this.#lose();
    this.#waiting += line;
    this.#writing ??= this.#writeAll();
  }

  async close(): Promise<void> {
    const { closeMilliseconds = 2_000 } = this.#options;
    await withDeadline(closeMilliseconds, () => this.#written()).catch(() => this.#giveUp());
    this.#isClosed = true;
    this.#endPause?.();
    process.off('exit', this.#writeAtExit);
    if (typeof this.#options.target === 'string' && this.#descriptor !== undefined) await closeFile(this.#descriptor);
  }

  async #written(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #giveUp(): void {
    const left = linesIn(this.#inHand.toString()) + linesIn(this.#waiting);
    this.#options.onLost(left);
    this.#options.tell(`The last ${left} lines of the log could not be written.`);
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting !== '' && !this.#isClosed) {
      this.#inHand = Buffer.from(this.#waiting);
      this.#waiting = '';
      while (this.#inHand.length > 0 && !this.#isClosed) await this.#writeSome();
    }
    this.#writing = undefined;
    this.#recover();
  }

  async #writeSome(): Promise<void> {
    try {
      this.#descriptor ??= await openFile(this.#path);
      this.#isInFlight = true;
      const { bytesWritten } = await writeTo(this.#descriptor, this.#inHand);
      this.#inHand = this.#inHand.subarray(bytesWritten);
      this.#isInFlight = false;
    } catch (error) {
      this.#isInFlight = false;
      // A full pipe is usual for a moment; it is told of where lines are lost.
      if (!isFullPipe(error)) this.#tellOnce(String(error));
      await this.#pause();
    }
  }

  /** Keeps no process from ending. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.retryMilliseconds ?? 100).unref();
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #lose(): void {
    this.#lost++;
    this.#options.onLost(1);
    this.#tellOnce('it takes no more');
  }

  #tellOnce(reason: string): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#options.tell(`The log cannot be written (${reason}): lines wait for it, and are lost beyond ${this.#maximumWaiting} bytes.`);
  }

  #recover(): void {
    const lost = this.#lost;
    this.#lost = 0;
    this.#isTold = false;
    if (lost > 0 && !this.#isClosed) this.#options.onRecovered(lost);
  }

  /** For a process that ends without `close`: one attempt, since there is no event loop to wait with. */
  readonly #writeAtExit = (): void => {
    const rest = this.#isInFlight ? this.#waiting : this.#inHand.toString() + this.#waiting;
    if (rest === '' || this.#descriptor === undefined) return;
    try {
      // biome-ignore lint/nursery/noSyncMethods: the process ends.
      writeSync(this.#descriptor, rest);
    } catch {
      // There is nobody left to tell.
    }
  };
}

/** Not blocking: a pipe that is full, or that nobody has opened, would hold a thread, which the end of the process waits for. */
const openFile = async (path: string): Promise<number> => {
  await mkdir(dirname(path), { recursive: true });
  return openPath(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK);
};

const openPath = promisify(open);
const closeFile = promisify(close);
const writeTo = promisify(write);

const isFullPipe = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EAGAIN';

const linesIn = (text: string): number => text.split('\n').length - 1;
