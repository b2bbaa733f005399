/** A parameter's text, bytes for bytea, or null. */
export type EncodedParameter = string | Buffer | null;

/**
 * Puts the messages of a batch into one piece of memory, so that they leave in one system call
 * (PostgreSQL documentation, "Message Formats").
 */
export class MessageWriter {
  #buffer = Buffer.allocUnsafeSlow(INITIAL_SIZE);
  #length = 0;

  parse(name: string, text: string): void {
    const start = this.#begin(PARSE);
    this.#cString(name);
    this.#cString(text);
    this.#int16(0);
    this.#end(start);
  }

  /** Binds to the unnamed portal; the results come as text. */
  bind(name: string, values: readonly EncodedParameter[]): void {
    const start = this.#begin(BIND);
    this.#cString('');
    this.#cString(name);
    this.#int16(values.length);
    for (const value of values) this.#int16(typeof value === 'object' && value !== null ? 1 : 0);
    this.#int16(values.length);
    for (const value of values) this.#parameter(value);
    this.#int16(0);
    this.#end(start);
  }

  describePortal(): void {
    const start = this.#begin(DESCRIBE);
    this.#cString('P');
    this.#end(start);
  }

  execute(): void {
    const start = this.#begin(EXECUTE);
    this.#cString('');
    this.#int32(0);
    this.#end(start);
  }

  closeStatement(name: string): void {
    const start = this.#begin(CLOSE);
    this.#cString(`S${name}`);
    this.#end(start);
  }

  sync(): void {
    this.#end(this.#begin(SYNC));
  }

  /** Gives out what was written, and starts again. */
  take(): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    // What one large batch needed is not kept.
    if (this.#buffer.length > LARGEST_KEPT) this.#buffer = Buffer.allocUnsafeSlow(INITIAL_SIZE);
    return taken;
  }

  #begin(type: number): number {
    const at = this.#room(5);
    this.#buffer[at] = type;
    return at + 1;
  }

  /** The length counts itself, not the type before it. */
  #end(start: number): void {
    this.#buffer.writeInt32BE(this.#length - start, start);
  }

  #parameter(value: EncodedParameter): void {
    if (value === null) return this.#int32(-1);
    const at = this.#room(4);
    if (typeof value === 'string') this.#text(value);
    else this.#buffer.set(value, this.#room(value.length));
    this.#buffer.writeInt32BE(this.#length - at - 4, at);
  }

  #cString(text: string): void {
    this.#text(text);
    this.#buffer[this.#room(1)] = 0;
  }

  #text(text: string): void {
    // At most three bytes a UTF-16 unit: room for all, and what is not needed is given back.
    const at = this.#room(text.length * 3);
    this.#length = at + this.#buffer.write(text, at, 'utf8');
  }

  #int16(value: number): void {
    const at = this.#room(2);
    this.#buffer.writeUInt16BE(value, at);
  }

  #int32(value: number): void {
    const at = this.#room(4);
    this.#buffer.writeInt32BE(value, at);
  }

  #room(bytes: number): number {
    const at = this.#length;
    if (at + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, at + bytes));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.#length = at + bytes;
    return at;
  }
}

const INITIAL_SIZE = 16 * 1024;
const LARGEST_KEPT = 1024 * 1024;
const PARSE = 0x50;
const BIND = 0x42;
const DESCRIBE = 0x44;
const EXECUTE = 0x45;
const CLOSE = 0x43;
const SYNC = 0x53;
