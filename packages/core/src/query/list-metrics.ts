import { type MetricDefinition, type MetricFormat, type SemanticLayer, TIME_GRAINS, type TimeGrain } from '@sophia/types';
import { linkedLayer } from '../semantic/link-layer.ts';
import { measuresOf, modelsOf } from '../semantic/link-metrics.ts';
import type { LinkedLayer, LinkedMetric } from '../semantic/linked-layer.ts';
import { METRIC_TIME, reachableDimensions } from './resolve-dimension.ts';

/** A metric, and what it can be asked by. */
export interface MetricDescription {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly type: MetricDefinition['type'];
  readonly format: MetricFormat | null;
  readonly unit: string | null;
  /** What drill-downs take as `part`; none for a metric that is one measure. */
  readonly parts: readonly string[];
  readonly dimensions: readonly DimensionDescription[];
}

export interface DimensionDescription {
  /** As queries write it. */
  readonly name: string;
  readonly label: string;
  readonly type: 'categorical' | 'time';
  readonly grains?: readonly TimeGrain[];
  /** Not for those who see aggregates only. */
  readonly identifying: boolean;
}

/** Every metric of a layer, in the order in which they are defined. */
export function listMetrics(layer: SemanticLayer): readonly MetricDescription[] {
  const linked = linkedLayer(layer);
  return [...linked.metrics.values()].map((metric) => describeMetric(metric, linked));
}

function describeMetric(metric: LinkedMetric, layer: LinkedLayer): MetricDescription {
  const { name, label, description, type, format, unit } = metric.definition;
  return {
    name,
    label: label ?? inWords(name),
    description: description ?? '',
    type,
    format: format ?? null,
    unit: unit ?? null,
    parts: metric.kind === 'composed' ? metric.inputs.map(({ alias }) => alias) : [],
    dimensions: dimensionsOf(metric, layer),
  };
}

/** The dimensions that all measures below the metric can be asked by. */
function dimensionsOf(metric: LinkedMetric, layer: LinkedLayer): readonly DimensionDescription[] {
  const [first = [], ...others] = modelsOf([metric], layer.models).map((model) => describeDimensions(reachableDimensions(model, layer)));
  const common = first.filter(({ name }) => others.every((each) => each.some((dimension) => dimension.name === name)));
  if (measuresOf(metric).some(({ time }) => time === undefined)) return common;
  return [{ name: METRIC_TIME, label: 'Time', type: 'time', grains: TIME_GRAINS, identifying: false }, ...common];
}

const describeDimensions = (dimensions: ReturnType<typeof reachableDimensions>): readonly DimensionDescription[] =>
  dimensions.map(({ name, dimension: { definition, identifying } }) => ({
    name,
    label: definition.label ?? inWords(definition.name),
    type: definition.type,
    ...(definition.type === 'time' ? { grains: TIME_GRAINS } : {}),
    identifying,
  }));

/** `average_deal_size` as `Average deal size`. */
const inWords = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');
