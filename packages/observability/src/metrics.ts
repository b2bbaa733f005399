import { withDeadline } from '@sophia/shared';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createSeriesTable, type LabelValues, type SeriesTable } from './series-table.ts';

export interface MetricDefinition<Label extends string> {
  /** `sophia_<what>_<unit>`, counters end in `_total`; base units: seconds, bytes. */
  readonly name: string;
  readonly help: string;
  /** Names of the labels; their values must be few. */
  readonly labels?: readonly Label[] | undefined;
}

export interface HistogramDefinition<Label extends string> extends MetricDefinition<Label> {
  /** Upper bounds, growing; the last bucket is without bound. Those of `LATENCY_BUCKETS` unless told. */
  readonly buckets?: readonly number[] | undefined;
}

/** Series of one metric. Hold on to what `with` gives on a hot path: then an observation is a few additions. */
export interface Metric<Label extends string, Series> {
  with(...labels: [Label] extends [never] ? [] : [LabelValues<Label>]): Series;
}

export interface Counter {
  add(amount?: number): void;
}
export interface Gauge {
  set(value: number): void;
  add(amount: number): void;
}
export interface Histogram {
  /** In the metric's unit: seconds for `_seconds`. */
  observe(value: number): void;
}

export interface Observed<Label extends string> {
  readonly labels: LabelValues<Label>;
  readonly value: number;
}

export type Observation<Label extends string> = number | readonly Observed<Label>[];

/** Whoever defines a metric again gets the same one, so that two instances of a part may share it. */
export interface Metrics {
  counter<const Label extends string = never>(definition: MetricDefinition<Label>): Metric<Label, Counter>;
  gauge<const Label extends string = never>(definition: MetricDefinition<Label>): Metric<Label, Gauge>;
  histogram<const Label extends string = never>(definition: HistogramDefinition<Label>): Metric<Label, Histogram>;
  /**
   * A gauge whose value is asked for when metrics are read; defined again, the last one is asked. One that fails, or has no value
   * within a second, is left out, so that the others are there when they are needed.
   */
  observedGauge<const Label extends string = never>(
    definition: MetricDefinition<Label>,
    observe: () => Observation<Label> | Promise<Observation<Label>>,
  ): void;
  /** The same of what only grows. */
  observedCounter<const Label extends string = never>(
    definition: MetricDefinition<Label>,
    observe: () => Observation<Label> | Promise<Observation<Label>>,
  ): void;
  /** All metrics in Prometheus' text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Seconds; from an answer out of memory to a request at its deadline. */
export const LATENCY_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/** Gauges of prom-client's that are called like counters: each is the sum over the types of the metric of that name without `_total`. */
const CALLED_COUNTERS = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export interface MetricsOptions {
  readonly processMetrics?: boolean | undefined;
  /** How long what is asked for when metrics are read may take; a second unless told. */
  readonly observeMilliseconds?: number | undefined;
}

/**
 * Metrics for Prometheus. The series are kept here rather than in prom-client, whose observation
 * hashes the labels each time; its registry renders them, and it brings the process's own metrics.
 */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { observeMilliseconds = 1_000 } = options;
  const registry = new Registry();
  if (options.processMetrics === true) {
    collectDefaultMetrics({ register: registry });
    for (const name of CALLED_COUNTERS) registry.removeSingleMetric(name);
  }

  const tables = new Map<string, { readonly shape: string; readonly table: SeriesTable<unknown> }>();

  const register = (definition: MetricDefinition<string>, type: string, read: () => Sample[] | Promise<Sample[]>) => {
    const metric = { name: definition.name, help: definition.help, type, get: async () => ({ ...definition, type, values: await read() }) };
    registry.removeSingleMetric(definition.name);
    // The registry only reads `name` and `get`; its type asks for prom-client's own classes.
    registry.registerMetric(metric as unknown as Parameters<typeof registry.registerMetric>[0]);
  };
  const define = <Label extends string, Series>(
    definition: HistogramDefinition<Label>,
    type: string,
    create: () => Series,
    read: (series: Series, labels: LabelValues<string>) => Sample[],
  ): Metric<Label, Series> => {
    const { name, labels = [], buckets } = definition;
    const shape = JSON.stringify([type, labels, buckets]);
    const known = tables.get(name);
    if (known !== undefined && known.shape !== shape) throw new Error(`The metric ${name} is defined in two ways.`);
    // A table of the same shape was made by the same function.
    const table = (known?.table as SeriesTable<Series> | undefined) ?? createSeriesTable(labels, create);
    if (known === undefined) {
      tables.set(name, { shape, table });
      register(definition, type, () => table.entries().flatMap((entry) => read(entry.series, entry.labels)));
    }
    return { with: (...values) => table.find(values[0]) };
  };
  const counter: Metrics['counter'] = (definition) =>
    define(definition, 'counter', createCounter, ({ value }, labels) => [{ labels, value }]);
  /** Of one that still runs nothing is asked again. */
  const reader = (metric: string, observe: () => Observation<string> | Promise<Observation<string>>) => {
    const failures = counter({ name: 'sophia_metrics_failures_total', help: 'Readings that gave no value.', labels: ['metric'] });
    let observing: Promise<Observation<string>> | undefined;
    const observeOnce = () => {
      observing ??= new Promise<Observation<string>>((resolve) => resolve(observe())).finally(() => {
        observing = undefined;
      });
      return observing;
    };
    return async (): Promise<Sample[]> => {
      try {
        const observed = await withDeadline(observeMilliseconds, observeOnce);
        return typeof observed === 'number' ? [{ labels: {}, value: observed }] : [...observed];
      } catch {
        failures.with({ metric }).add();
        return [];
      }
    };
  };

  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    counter,
    gauge: (definition) => define(definition, 'gauge', createGauge, ({ value }, labels) => [{ labels, value }]),
    histogram: (definition) => {
      const { name, buckets = LATENCY_BUCKETS } = definition;
      return define(
        definition,
        'histogram',
        () => createHistogram(buckets),
        (series, labels) => readHistogram(name, series, labels),
      );
    },
    observedGauge: (definition, observe) => register(definition, 'gauge', reader(definition.name, observe)),
    observedCounter: (definition, observe) => register(definition, 'counter', reader(definition.name, observe)),
  };
}

const createCounter = () => {
  const series = {
    value: 0,
    add: (amount = 1) => {
      series.value += amount;
    },
  };
  return series;
};

const createGauge = () => {
  const series = {
    value: 0,
    set: (value: number) => {
      series.value = value;
    },
    add: (amount: number) => {
      series.value += amount;
    },
  };
  return series;
};

interface HistogramSeries extends Histogram {
  readonly bounds: Float64Array;
  /** Observations per bucket; one more than there are bounds. */
  readonly counts: Float64Array;
  sum: number;
}

function createHistogram(buckets: readonly number[]): HistogramSeries {
  const bounds = Float64Array.from(buckets);
  const counts = new Float64Array(bounds.length + 1);
  const series: HistogramSeries = {
    bounds,
    counts,
    sum: 0,
    observe: (value) => {
      let bucket = 0;
      // Not found in a dozen bounds: the last bucket, which has none.
      while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
      (counts[bucket] as number) += 1;
      series.sum += value;
    },
  };
  return series;
}

function readHistogram(name: string, { bounds, counts, sum }: HistogramSeries, labels: LabelValues<string>): Sample[] {
  let total = 0;
  const buckets = Array.from(counts, (count, index) => {
    total += count;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[index] ?? '+Inf' }, value: total };
  });
  return [...buckets, { metricName: `${name}_sum`, labels, value: sum }, { metricName: `${name}_count`, labels, value: total }];
}
