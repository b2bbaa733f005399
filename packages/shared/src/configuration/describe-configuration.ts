import type { Origin, ParsedConfiguration } from './parse-configuration.ts';
import type { Setting } from './setting.ts';
import { SETTINGS, type SettingName } from './settings.ts';

export interface DescribedSetting {
  readonly path: string;
  readonly variable: string;
  /** Masked where secret; null where nothing is set. */
  readonly value: unknown;
  readonly origin: Origin;
  readonly description: string;
}

/** What is in force and where it comes from, secrets masked: what `sophia config` prints. */
export function describeConfiguration(parsed: ParsedConfiguration): DescribedSetting[] {
  return Object.entries(SETTINGS).map(([name, setting]: [string, Setting<unknown>]) => {
    // The entries of SETTINGS are its own keys.
    const key = name as SettingName;
    const value: unknown = parsed.values[key];
    return {
      path: setting.path,
      variable: setting.variable,
      value: setting.secret && isSet(value) ? '********' : value,
      origin: parsed.origins[key],
      description: setting.description,
    };
  });
}

const isSet = (value: unknown) => value !== null && !(Array.isArray(value) && value.length === 0);
