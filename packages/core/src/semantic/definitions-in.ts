import { parseYaml } from '@sophia/shared';
import { isMap, isScalar, isSeq } from 'yaml';

/**
 * How many definitions a semantic file has under each of its keys, none under one without a value; undefined where the text
 * is no YAML.
 */
export function definitionsIn(text: string): ReadonlyMap<string, number> | undefined {
  const counts = new Map<string, number>();
  for (const { contents, errors } of parseYaml(text)) {
    if (errors.length > 0) return undefined;
    if (!isMap(contents)) continue;
    for (const { key, value } of contents.items) {
      const name = isScalar(key) ? String(key.value) : '';
      counts.set(name, (counts.get(name) ?? 0) + (isSeq(value) ? value.items.length : 0));
    }
  }
  return counts;
}
