import { isIP } from 'node:net';

/** One configuration key: everything that parsing, `sophia config` and the reference page need to know of it. */
export interface Setting<Value> {
  /** Place in `sophia.yaml`, for example `http.port`. */
  readonly path: string;
  /** Environment variable, for example `SOPHIA_PORT`. */
  readonly variable: string;
  /** Command-line option without dashes, where there is one. */
  readonly argument?: string | undefined;
  readonly description: string;
  /** What is allowed, in words: `a whole number from 0 to 65535`. */
  readonly allowed: string;
  readonly default: Value;
  /** The default in words, where it is derived from other settings. */
  readonly defaultText?: string | undefined;
  /** Never printed. */
  readonly secret: boolean;
  /** The value as a person would write it in a variable. */
  format(value: Value): string;
  /** The value, or undefined when it is not allowed. Text comes from the environment and arguments; anything from YAML. */
  readonly parse: (found: unknown) => Value | undefined;
}

type Naming<Value> = Pick<Setting<Value>, 'path' | 'variable' | 'description' | 'default'> &
  Partial<Pick<Setting<Value>, 'argument' | 'defaultText' | 'secret'>>;

const define = <Value>(
  naming: Naming<Value>,
  allowed: string,
  parse: Setting<Value>['parse'],
  format: (value: Value) => string = String,
): Setting<Value> => ({ secret: false, ...naming, allowed, parse, format });

export function text(naming: Naming<string>, pattern: RegExp = /\S/, allowed = 'a text'): Setting<string> {
  return define(naming, allowed, (found) => (typeof found === 'string' && pattern.test(found) ? found : undefined));
}

/** A URL that may be absent; `form` is how it goes on, where that is to be told. */
export function optionalUrl(naming: Naming<string | null>, protocols: readonly string[], form = ''): Setting<string | null> {
  const allowed = `a URL that begins with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}${form}`;
  return define(naming, allowed, (found) => (typeof found === 'string' && isUrl(found, protocols) ? found : undefined));
}

export function choice<const Name extends string>(naming: Naming<Name>, names: readonly Name[]): Setting<Name> {
  return define(naming, names.length === 1 ? `only ${names[0]}` : `one of ${names.join(', ')}`, (found) =>
    names.find((name) => name === found),
  );
}

export function toggle(naming: Naming<boolean>): Setting<boolean> {
  return define(naming, 'true or false', (found) => {
    if (typeof found === 'boolean') return found;
    if (found === 'true' || found === '1') return true;
    return found === 'false' || found === '0' ? false : undefined;
  });
}

export function integer(naming: Naming<number>, minimum: number, maximum: number): Setting<number> {
  return define(naming, ...wholeNumber(minimum, maximum));
}

/** A whole number that may be absent. */
export function optionalInteger(naming: Naming<number | null>, minimum: number, maximum: number): Setting<number | null> {
  return define(naming, ...wholeNumber(minimum, maximum));
}

const wholeNumber = (minimum: number, maximum: number) =>
  [
    `a whole number from ${minimum} to ${maximum}`,
    (found: unknown) => {
      const value = numberOf(found);
      return value !== undefined && Number.isInteger(value) && value >= minimum && value <= maximum ? value : undefined;
    },
  ] as const;

export function fraction(naming: Naming<number>): Setting<number> {
  return define(naming, 'a number from 0 to 1', (found) => {
    const value = numberOf(found);
    return value !== undefined && value >= 0 && value <= 1 ? value : undefined;
  });
}

const BYTE_UNITS: Readonly<Record<string, number>> = { '': 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30, tb: 2 ** 40 };
/** Bytes, with a unit of 1,024: `256MB`, `1GB`. */
export function bytes(naming: Naming<number>, minimum: number, maximum: number): Setting<number> {
  const allowed = `a size from ${formatBytes(minimum)} to ${formatBytes(maximum)}, as in 512KB, 256MB, 4GB`;
  return define(naming, allowed, (found) => within(withUnit(found, BYTE_UNITS), minimum, maximum), formatBytes);
}

const TIME_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Milliseconds, written with a unit but for 0: `500ms`, `10s`, `5m`. */
export function duration(naming: Naming<number>, minimum: number, maximum: number): Setting<number> {
  const allowed = `a time from ${formatDuration(minimum)} to ${formatDuration(maximum)}, as in 500ms, 10s, 5m`;
  return define(naming, allowed, (found) => within(isZero(found) ? 0 : withUnit(found, TIME_UNITS), minimum, maximum), formatDuration);
}

const isZero = (found: unknown): boolean => found === 0 || (typeof found === 'string' && found.trim() === '0');

/** A list: in YAML a sequence, in a variable separated by commas. */
export function list(naming: Naming<readonly string[]>, allowed: string, isAllowed: (item: string) => boolean): Setting<readonly string[]> {
  const parse = (found: unknown): readonly string[] | undefined => {
    const items = typeof found === 'string' ? found.split(',').map((item) => item.trim()) : found;
    if (!Array.isArray(items)) return undefined;
    const texts = items.filter((item) => typeof item === 'string' && item !== '' && isAllowed(item));
    return texts.length === items.length || (typeof found === 'string' && found.trim() === '') ? texts : undefined;
  };
  return define(naming, `a list of ${allowed}`, parse, (items) => items.join(','));
}

/** A structure: in YAML as it is, in a variable as JSON. */
export function structure<Value>(naming: Naming<Value>, allowed: string, read: (found: unknown) => Value | undefined): Setting<Value> {
  const parse = (found: unknown): Value | undefined => {
    if (typeof found !== 'string') return read(found);
    try {
      return read(JSON.parse(found));
    } catch {
      // What is no JSON is refused as a value that is not allowed.
      return undefined;
    }
  };
  return define(naming, allowed, parse, (value) => JSON.stringify(value));
}

/** An address of IPv4 or IPv6, or a network of them: `10.0.0.0/8`. */
export function isNetwork(value: string): boolean {
  const [address = '', bits = '1', ...more] = value.split('/');
  const most = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  return more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= most;
}

export function isUrl(value: string, protocols: readonly string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol.slice(0, -1));
}

function formatBytes(value: number): string {
  for (const [name, unit] of [
    ['TB', 2 ** 40],
    ['GB', 2 ** 30],
    ['MB', 2 ** 20],
    ['KB', 2 ** 10],
  ] as const) {
    if (value >= unit && value % unit === 0) return `${value / unit}${name}`;
  }
  return `${value}`;
}

function formatDuration(milliseconds: number): string {
  for (const [name, unit] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const) {
    if (milliseconds >= unit && milliseconds % unit === 0) return `${milliseconds / unit}${name}`;
  }
  return `${milliseconds}ms`;
}

function numberOf(found: unknown): number | undefined {
  if (typeof found === 'number') return found;
  return typeof found === 'string' && /^-?\d+(\.\d+)?$/.test(found.trim()) ? Number(found) : undefined;
}

function withUnit(found: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof found !== 'string' && typeof found !== 'number') return undefined;
  const parts = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(String(found).trim());
  const unit = units[(parts?.[2] ?? '').toLowerCase().replace('ib', 'b')];
  return parts === null || unit === undefined ? undefined : Math.round(Number(parts[1]) * unit);
}

const within = (value: number | undefined, minimum: number, maximum: number): number | undefined =>
  value !== undefined && value >= minimum && value <= maximum ? value : undefined;
