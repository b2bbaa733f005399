import { maskUrls } from './mask-urls.ts';
import type { Origin, ParsedConfiguration } from './parse-configuration.ts';
import type { Setting } from './setting.ts';
import { SETTINGS, type SettingName } from './settings.ts';

export interface DescribedSetting {
  readonly path: string;
  readonly variable: string;
  /** As one would write it in the variable, masked where secret; null where nothing is set. */
  readonly value: string | null;
  /** What holds, where it is a default that follows from other settings. */
  readonly in_words: string | null;
  readonly origin: Origin;
  readonly description: string;
}

/** What is in force and where it comes from, secrets masked: what `sophia config` prints. */
export function describeConfiguration({ values, origins }: ParsedConfiguration): DescribedSetting[] {
  // Object.keys of a constant gives its own keys.
  return (Object.keys(SETTINGS) as SettingName[]).map((name) => {
    const setting: Setting<unknown> = SETTINGS[name];
    const { path, variable, description, defaultText } = setting;
    const origin = origins[name];
    const inWords = origin === 'default' ? (defaultText ?? null) : null;
    return { path, variable, value: shown(setting, values[name]), in_words: inWords, origin, description };
  });
}

function shown({ secret, format }: Setting<unknown>, value: unknown): string | null {
  if (value === null || (Array.isArray(value) && value.length === 0)) return null;
  return secret ? '********' : maskUrls(format(value));
}
