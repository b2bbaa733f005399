import { LineCounter, parseDocument } from 'yaml';
import { SophiaError } from '../errors.ts';
import { isJsonObject } from '../json/is-json-object.ts';
import { assemble } from './assemble.ts';
import type { Configuration } from './configuration.ts';
import { maskUrls } from './mask-urls.ts';
import { nearest } from './nearest.ts';
import type { Setting } from './setting.ts';
import { SETTINGS, type SettingName, type SettingValues } from './settings.ts';

export interface ConfigurationSources {
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Text of `sophia.yaml`. */
  readonly file?: string | undefined;
  /** Options of the command line by name without dashes; `--no-sample` is `sample: false`. */
  readonly arguments?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
}

/** Where a value came from. */
export type Origin = 'default' | 'file' | 'environment' | 'argument';

export interface ParsedConfiguration {
  readonly configuration: Configuration;
  readonly values: SettingValues;
  readonly origins: Readonly<Record<SettingName, Origin>>;
}

/**
 * The configuration in force: arguments before variables before the file before defaults.
 * Throws `invalid_configuration`, naming the variable, what was found and what is allowed.
 */
export const parseConfiguration = (sources: ConfigurationSources): Configuration => readConfiguration(sources).configuration;

/** The same with each setting's value and origin, for `describeConfiguration`. */
export function readConfiguration(sources: ConfigurationSources): ParsedConfiguration {
  const { env = {}, arguments: options = {} } = sources;
  refuseUnknownVariables(env);
  const file = readFile(sources.file);
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const [origin, value] = pick(setting, env, file, options);
    values[name] = value;
    origins[name] = origin;
  }
  // Every name of SETTINGS was just filled by the setting's own parser or default.
  const complete = values as unknown as SettingValues;
  return { configuration: assemble(complete), values: complete, origins: origins as Record<SettingName, Origin> };
}

function pick(
  setting: Setting<unknown>,
  env: NonNullable<ConfigurationSources['env']>,
  file: ReadonlyMap<string, unknown>,
  options: NonNullable<ConfigurationSources['arguments']>,
): readonly [Origin, unknown] {
  const option = setting.argument === undefined ? undefined : options[setting.argument];
  if (option !== undefined) return ['argument', accept(setting, `--${setting.argument}`, option)];
  const variable = env[setting.variable];
  if (variable !== undefined) return ['environment', accept(setting, setting.variable, variable)];
  const written = file.get(setting.path);
  if (written !== undefined && written !== null) return ['file', accept(setting, `${setting.path} in sophia.yaml`, written)];
  return ['default', setting.default];
}

function accept(setting: Setting<unknown>, name: string, found: unknown): unknown {
  const value = setting.parse(found);
  if (value !== undefined) return value;
  const shown = setting.secret ? 'a value that is not shown' : maskUrls(JSON.stringify(found));
  throw new SophiaError('invalid_configuration', `${name} is ${shown}; allowed is ${setting.allowed}.`, {
    details: { setting: setting.path, variable: setting.variable, allowed: setting.allowed },
  });
}

function refuseUnknownVariables(env: NonNullable<ConfigurationSources['env']>): void {
  const known = Object.values(SETTINGS).map(({ variable }) => variable);
  for (const name of Object.keys(env)) {
    if (!name.startsWith('SOPHIA_') || env[name] === undefined || known.includes(name) || FOREIGN_VARIABLES.has(name)) continue;
    throw unknownName(name, known);
  }
}

/** Variables of the launcher and the command line, which are not settings of the server. */
const FOREIGN_VARIABLES = new Set(['SOPHIA_KEY', 'SOPHIA_URL', 'SOPHIA_CONFIG']);

function readFile(source: string | undefined): ReadonlyMap<string, unknown> {
  const leaves = new Map<string, unknown>();
  if (source === undefined) return leaves;
  const paths: readonly string[] = Object.values(SETTINGS).map(({ path }) => path);
  const flatten = (prefix: string, value: unknown) => {
    if (paths.includes(prefix)) leaves.set(prefix, value);
    else if (isJsonObject(value) && (prefix === '' || paths.some((path) => path.startsWith(`${prefix}.`)))) {
      for (const [key, member] of Object.entries(value)) flatten(prefix === '' ? key : `${prefix}.${key}`, member);
    } else if (value !== null || prefix !== '')
      throw unknownName(`${prefix === '' ? 'The content' : prefix} of sophia.yaml`, paths, prefix);
  };
  flatten('', parseFile(source));
  return leaves;
}

/** What is wrong is told by its place alone: the text itself may be a password. */
function parseFile(source: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw notYaml(`${YAML_ERRORS[error.code] ?? 'it cannot be read'} at line ${line}, column ${col}`);
  }
  try {
    return document.toJS();
  } catch {
    throw notYaml('an alias has no anchor');
  }
}

const notYaml = (what: string): SophiaError => new SophiaError('invalid_configuration', `sophia.yaml is not YAML: ${what}.`);

/** The usual ones. */
const YAML_ERRORS: Readonly<Record<string, string>> = {
  BAD_INDENT: 'an indentation does not fit, or a bracket stays open',
  BLOCK_AS_IMPLICIT_KEY: 'a key does not stand on one line',
  DUPLICATE_KEY: 'a key stands there twice',
  MISSING_CHAR: 'a quote, a bracket or a comma is missing',
  MULTIPLE_DOCS: 'a second document begins',
  TAB_AS_INDENT: 'a tab indents, where only spaces do',
};

function unknownName(name: string, known: readonly string[], compared = name): SophiaError {
  const suggestion = nearest(compared, known);
  const found = maskUrls(name);
  return new SophiaError(
    'invalid_configuration',
    `${found} is no setting.${suggestion === undefined ? '' : ` Did you mean ${suggestion}?`}`,
    {
      details: { found, nearest: suggestion },
    },
  );
}
