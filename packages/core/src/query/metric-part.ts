import { SophiaError } from '@sophia/shared';
import type { ModelFilter } from '@sophia/types';
import type { LinkedInput, LinkedMetric } from '../semantic/linked-layer.ts';
import { addShifts, type DateShift, NO_SHIFT, shiftOf } from './date-shift.ts';

/** One measure of those that a metric is made of. */
export interface MetricPart {
  readonly metric: LinkedMetric;
  /** How much earlier it is taken. */
  readonly shift: DateShift;
  /** Those of the metrics above it: they hold for it, too. */
  readonly filters: readonly ModelFilter[];
}

/** Follows the names of a part, `numerator` or `growth.before`, to one measure. Throws `invalid_drill_down`. */
export function choosePart(metric: LinkedMetric, part: string | undefined): MetricPart {
  let chosen: MetricPart = { metric, shift: NO_SHIFT, filters: [] };
  const names = part === undefined ? [] : part.split('.');
  for (const name of names) {
    const next = inputOf(chosen, name);
    if (next === undefined) throw unknownPart(metric, part, chosen.metric);
    chosen = next;
  }
  if (chosen.metric.kind === 'composed') throw unknownPart(metric, part, chosen.metric);
  return chosen;
}

function inputOf({ metric, shift, filters }: MetricPart, name: string): MetricPart | undefined {
  if (metric.kind !== 'composed') return undefined;
  const { filter } = metric.definition;
  const input = metric.inputs.find(({ alias }) => alias === name) ?? onlyInputOf(metric.inputs, name);
  if (input === undefined) return undefined;
  return {
    metric: input.metric,
    shift: input.offset === undefined ? shift : addShifts(shift, shiftOf(input.offset)),
    filters: filter === undefined ? filters : [...filters, filter],
  };
}

/** The input that is this metric under another name, where no other one is the same metric taken at another time. */
function onlyInputOf(inputs: readonly LinkedInput[], name: string): LinkedInput | undefined {
  const [input, ...others] = inputs.filter(({ metric }) => metric.definition.name === name);
  return others.length === 0 ? input : undefined;
}

function unknownPart(metric: LinkedMetric, part: string | undefined, at: LinkedMetric): SophiaError {
  const { name } = metric.definition;
  const parts = partsOf(metric);
  const allowed = parts.length === 0 ? 'it has no parts' : `it has the parts ${parts.join(', ')}`;
  const what = part === undefined ? `${name} is made of several measures` : `part: ${part} is not one measure of ${name}`;
  return new SophiaError('invalid_drill_down', `${what}; ${allowed}.`, { details: { metric: name, parts, at: at.definition.name } });
}

/** Every part that is one measure, with its whole path. */
function partsOf(metric: LinkedMetric): readonly string[] {
  if (metric.kind !== 'composed') return [];
  return metric.inputs.flatMap(({ alias, metric: input }) => {
    const further = partsOf(input);
    return further.length === 0 ? [alias] : further.map((each) => `${alias}.${each}`);
  });
}
