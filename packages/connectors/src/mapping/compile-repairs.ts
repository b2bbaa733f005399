import type { JsonValue } from '@sophia/types';
import type { Repair } from './mapping.ts';

/** A value that a rule may have put right: `rules` names each that did. */
export interface Repaired {
  readonly value: JsonValue | undefined;
  readonly rules: readonly string[];
}

const NO_RULES: readonly string[] = [];

/** The repairs of one column as one function, or undefined where it has none. Rules are applied in their order. */
export function compileRepairs(column: string, repairs: readonly Repair[]): ((value: string) => Repaired) | undefined {
  const own = repairs.filter((repair) => repair.columns.length === 0 || repair.columns.includes(column));
  if (own.length === 0) return undefined;
  return (value) => {
    let text = value;
    let rules = NO_RULES;
    for (const repair of own) {
      const trimmed = repair.trim ? text.trim() : text;
      const repaired = repair.replace.get(trimmed) ?? trimmed;
      if (repaired !== text) rules = [...rules, repair.rule];
      text = repaired;
    }
    return { value: text, rules };
  };
}
