import { type MetricDefinition, type MetricFormat, type SemanticLayer, TIME_GRAINS, type TimeGrain } from '@sophia/types';
import { linkedLayer } from '../semantic/link-layer.ts';
import { measuresOf, modelsOf } from '../semantic/link-metrics.ts';
import type { LinkedInput, LinkedLayer, LinkedMetric, LinkedModel } from '../semantic/linked-layer.ts';
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

/** Every metric of a layer, in the order in which they are defined. Made once for each layer. */
export function listMetrics(layer: SemanticLayer): readonly MetricDescription[] {
  const known = LISTED.get(layer);
  if (known !== undefined) return known;
  const linked = linkedLayer(layer);
  // A model's chains of references are followed once, however many metrics are made of it.
  const described = new Map<LinkedModel, readonly DimensionDescription[]>();
  const dimensionsOfModel: DimensionsOfModel = (model) => {
    const dimensions = described.get(model) ?? describeDimensions(reachableDimensions(model, linked));
    described.set(model, dimensions);
    return dimensions;
  };
  const listed = [...linked.metrics.values()].map((metric) => describeMetric(metric, linked, dimensionsOfModel));
  LISTED.set(layer, listed);
  return listed;
}

/** The metrics that may be asked for, each with the parts that may. */
export function listAllowedMetrics(layer: SemanticLayer, isAllowed: (metric: string) => boolean): readonly MetricDescription[] {
  const { metrics } = linkedLayer(layer);
  return listMetrics(layer)
    .filter(({ name }) => isAllowed(name))
    .map((described) => {
      const hidden = inputsOf(metrics.get(described.name)).filter(({ metric }) => !isAllowed(metric.definition.name));
      if (hidden.length === 0) return described;
      return { ...described, parts: described.parts.filter((part) => hidden.every(({ alias }) => alias !== part)) };
    });
}

const inputsOf = (metric: LinkedMetric | undefined): readonly LinkedInput[] => (metric?.kind === 'composed' ? metric.inputs : []);

const LISTED = new WeakMap<SemanticLayer, readonly MetricDescription[]>();

type DimensionsOfModel = (model: LinkedModel) => readonly DimensionDescription[];

function describeMetric(metric: LinkedMetric, layer: LinkedLayer, dimensionsOfModel: DimensionsOfModel): MetricDescription {
  const { name, label, description, type, format, unit } = metric.definition;
  return {
    name,
    label: label ?? inWords(name),
    description: description ?? '',
    type,
    format: format ?? null,
    unit: unit ?? null,
    parts: inputsOf(metric).map(({ alias }) => alias),
    dimensions: dimensionsOf(metric, layer, dimensionsOfModel),
  };
}

/** The dimensions that all measures below the metric can be asked by. */
function dimensionsOf(metric: LinkedMetric, layer: LinkedLayer, dimensionsOfModel: DimensionsOfModel): readonly DimensionDescription[] {
  const [first = [], ...others] = modelsOf([metric], layer.models).map(dimensionsOfModel);
  const named = others.map((dimensions) => new Set(dimensions.map(({ name }) => name)));
  const common = first.filter(({ name }) => named.every((names) => names.has(name)));
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
