import type { MetricDefinition, SemanticLayer } from '@sophia/types';
import { bindExpression, MAX_BOUND_DEPTH } from '../expression/bind-expression.ts';
import { type BoundExpression, extentOf, mapLeaves, nodesOf, operation } from '../expression/bound-expression.ts';
import { coerce, isNumeric } from '../expression/coerce.ts';
import { ExpressionProblem } from '../expression/expression.ts';
import { parseExpression } from '../expression/parse-expression.ts';
import { closest } from './closest.ts';
import { bindModelFilter } from './link-measure.ts';
import type { LinkedModels } from './link-models.ts';
import { checked, type Report } from './link-problem.ts';
import type { LinkedInput, LinkedMeasure, LinkedMetric, LinkedModel } from './linked-layer.ts';
import { namesIn } from './name-scope.ts';
import { reportDuplicates } from './report-duplicates.ts';

/** Longest chain of metrics that are made of metrics. */
const MAX_METRIC_DEPTH = 10;

/** Most operations and values of measures that a metric comes to: metrics of metrics double it with each step. */
const MAX_METRIC_SIZE = 1_000;

/** A metric with what it is made of written out down to its measures. */
interface WrittenOut {
  readonly expression: BoundExpression;
  /** How deep it is made of metrics; 1 where it is of none. */
  readonly depth: number;
}

/** Links the metrics to their measures and to each other; what is wrong is reported, and left out. */
export function linkMetrics(layer: SemanticLayer, linkedModels: LinkedModels, report: Report): ReadonlyMap<string, LinkedMetric> {
  reportDuplicates(layer.metrics, 'metric', report);
  const { models, entities } = linkedModels;
  reportRivals(layer, report);
  const linker = new MetricLinker(layer, measuresByName(models), report);
  const metrics = linker.linkAll();
  const unfit = new Set([...metrics.values()].filter((metric) => !hasFittingFilter(metric, models, entities, report)));
  return unfit.size === 0 ? metrics : new Map([...metrics].filter(([, metric]) => !isMadeOf(metric, unfit)));
}

const isMadeOf = (metric: LinkedMetric, unfit: ReadonlySet<LinkedMetric>): boolean =>
  unfit.has(metric) || (metric.kind === 'composed' && metric.inputs.some((input) => isMadeOf(input.metric, unfit)));

/** A metric's filter must have a meaning for the records of every measure below it. */
function hasFittingFilter(
  metric: LinkedMetric,
  models: ReadonlyMap<string, LinkedModel>,
  entities: ReadonlyMap<string, LinkedModel>,
  report: Report,
): boolean {
  const { definition } = metric;
  const { filter } = definition;
  if (filter === undefined) return true;
  const bound = modelsOf([metric], models).map((linked) =>
    checked({ definition, key: 'filter' }, report, () => bindModelFilter(filter, namesIn(linked, entities))),
  );
  return !bound.includes(undefined);
}

/** Every measure below a metric. */
export function measuresOf(metric: LinkedMetric): readonly LinkedMeasure[] {
  return metric.kind === 'composed' ? metric.inputs.flatMap((input) => measuresOf(input.metric)) : [metric.measure];
}

/** The models whose records the metrics measure. */
export function modelsOf(metrics: readonly LinkedMetric[], models: ReadonlyMap<string, LinkedModel>): readonly LinkedModel[] {
  const names = new Set(metrics.flatMap(measuresOf).map(({ model }) => model));
  return [...models.values()].filter(({ model }) => names.has(model.name));
}

/** Metrics name measures without their model, so no two models may have one of the same name. */
function reportRivals({ models }: SemanticLayer, report: Report): void {
  const owners = new Map<string, string>();
  for (const { name: owner, measures } of models) {
    for (const definition of measures) {
      const { name } = definition;
      const rival = owners.get(name);
      if (rival !== undefined && rival !== owner) {
        report({ definition, key: 'name', ofFiles: true }, `the model ${rival} has a measure ${name}, and so has ${owner}`);
      }
      owners.set(name, owner);
    }
  }
}

const measuresByName = (models: ReadonlyMap<string, LinkedModel>): ReadonlyMap<string, LinkedMeasure> =>
  new Map([...models.values()].flatMap(({ measures }) => [...measures]));

const TOO_DEEP = `metrics are made of metrics at most ${MAX_METRIC_DEPTH} deep`;

class MetricLinker {
  readonly #layer: SemanticLayer;
  readonly #measures: ReadonlyMap<string, LinkedMeasure>;
  readonly #report: Report;
  readonly #linked = new Map<string, LinkedMetric | undefined>();
  readonly #written = new Map<LinkedMetric, WrittenOut>();

  constructor(layer: SemanticLayer, measures: ReadonlyMap<string, LinkedMeasure>, report: Report) {
    this.#layer = layer;
    this.#measures = measures;
    this.#report = report;
  }

  linkAll(): ReadonlyMap<string, LinkedMetric> {
    const metrics = new Map<string, LinkedMetric>();
    for (const definition of this.#layer.metrics) {
      const linked = this.#metric(definition, []);
      if (linked !== undefined) metrics.set(definition.name, linked);
    }
    return metrics;
  }

  #metric(definition: MetricDefinition, above: readonly string[]): LinkedMetric | undefined {
    const { name } = definition;
    if (this.#linked.has(name)) return this.#linked.get(name);
    if (above.includes(name)) return this.#failInFiles(definition, undefined, `the metric ${name} depends on itself`);
    if (above.length >= MAX_METRIC_DEPTH) return this.#failInFiles(definition, undefined, TOO_DEEP);
    const linked = this.#withinLimits(this.#link(definition, [...above, name]));
    this.#linked.set(name, linked);
    return linked;
  }

  #withinLimits(metric: LinkedMetric | undefined): LinkedMetric | undefined {
    if (metric === undefined) return undefined;
    const { definition } = metric;
    const written = this.#writtenOut(metric);
    const { size, depth } = extentOf(written.expression);
    if (written.depth > MAX_METRIC_DEPTH) return this.#failInFiles(definition, undefined, TOO_DEEP);
    if (size > MAX_METRIC_SIZE || depth > MAX_BOUND_DEPTH) {
      return this.#fail(
        definition,
        undefined,
        `the metric ${definition.name} comes to ${size} operations and values, ${depth} one within the other; at most ${MAX_METRIC_SIZE} and ${MAX_BOUND_DEPTH} are computed`,
      );
    }
    return metric;
  }

  /** What inputs share stays shared, so that it takes no longer than the definitions are. */
  #writtenOut(metric: LinkedMetric): WrittenOut {
    const known = this.#written.get(metric);
    if (known !== undefined) return known;
    const written = metric.kind === 'composed' ? this.#composed(metric) : { expression: columnOf(metric), depth: 1 };
    this.#written.set(metric, written);
    return written;
  }

  #composed({ inputs, expression }: LinkedMetric & { kind: 'composed' }): WrittenOut {
    const parts = new Map(inputs.map(({ alias, metric }) => [alias, this.#writtenOut(metric)]));
    return {
      expression: mapLeaves(expression, (leaf) => (leaf.kind === 'column' ? parts.get(leaf.name)?.expression : undefined) ?? leaf),
      depth: 1 + Math.max(...[...parts.values()].map(({ depth }) => depth)),
    };
  }

  #link(definition: MetricDefinition, above: readonly string[]): LinkedMetric | undefined {
    switch (definition.type) {
      case 'simple':
      case 'cumulative':
        return this.#overMeasure(definition);
      case 'ratio':
        return this.#ratio(definition, above);
      case 'derived':
        return this.#derived(definition, above);
    }
  }

  #overMeasure(definition: MetricDefinition & { type: 'simple' | 'cumulative' }): LinkedMetric | undefined {
    const measure = this.#measures.get(definition.measure);
    if (measure === undefined) {
      const exists = this.#layer.models.some(({ measures }) => measures.some(({ name }) => name === definition.measure));
      // An invalid measure was reported where it is defined.
      if (exists) return undefined;
      return this.#failInFiles(
        definition,
        'measure',
        `there is no measure ${definition.measure}${closest(definition.measure, this.#measures.keys())}`,
      );
    }
    if (definition.type === 'simple') return { kind: 'simple', definition, type: measure.type, measure };
    if (measure.time === undefined)
      return this.#fail(definition, 'measure', `${definition.measure} has no time dimension to accumulate over`);
    if (measure.aggregation === 'median' || measure.aggregation === 'percentile') {
      return this.#fail(definition, 'measure', `a ${measure.aggregation} cannot be accumulated`);
    }
    const { window, grain_to_date: toDate } = definition;
    return { kind: 'cumulative', definition, type: measure.type, measure, window, toDate };
  }

  #ratio(definition: MetricDefinition & { type: 'ratio' }, above: readonly string[]): LinkedMetric | undefined {
    const numerator = this.#input(definition, 'numerator', definition.numerator, above);
    const denominator = this.#input(definition, 'denominator', definition.denominator, above);
    if (numerator === undefined || denominator === undefined) return undefined;
    const inputs = [
      { alias: 'numerator', metric: numerator },
      { alias: 'denominator', metric: denominator },
    ];
    const operands = inputs.map(({ alias, metric }) => coerce({ kind: 'column', name: alias, type: metric.type }, 'number'));
    if (operands.includes(undefined)) return this.#fail(definition, 'numerator', 'both parts of a ratio are numbers');
    return {
      kind: 'composed',
      definition,
      type: 'number',
      inputs,
      expression: operation('divide', 'number', operands as BoundExpression[]),
    };
  }

  #derived(definition: MetricDefinition & { type: 'derived' }, above: readonly string[]): LinkedMetric | undefined {
    const aliases = definition.inputs.map(({ alias }) => alias);
    const twice = aliases.find((alias, index) => aliases.indexOf(alias) !== index);
    if (twice !== undefined) return this.#failInFiles(definition, 'inputs', `two inputs are called ${twice}`);
    const inputs = definition.inputs.flatMap(({ alias, metric: name, offset }): readonly LinkedInput[] => {
      const metric = this.#input(definition, 'inputs', name, above);
      return metric === undefined ? [] : [{ alias, metric, offset }];
    });
    if (inputs.length < aliases.length) return undefined;
    return checked({ definition, key: 'expression' }, this.#report, () => {
      const expression = bindExpression(parseExpression(definition.expression), (path, at) => inputColumn(inputs, path.join('.'), at));
      if (!isNumeric(expression.type)) throw new ExpressionProblem(0, 'a derived metric is a number');
      if (inputs.length === 0) throw new ExpressionProblem(0, 'a derived metric is made of other metrics, and this names none');
      const read = new Set([...nodesOf(expression)].map((node) => (node.kind === 'column' ? node.name : undefined)));
      const unused = aliases.find((alias) => !read.has(alias));
      if (unused !== undefined) throw new ExpressionProblem(0, `the input ${unused} is not in the expression`);
      return { kind: 'composed', definition, type: expression.type, inputs, expression };
    });
  }

  #input(definition: MetricDefinition, key: string, name: string, above: readonly string[]): LinkedMetric | undefined {
    const metrics = this.#layer.metrics;
    const input = metrics.find((metric) => metric.name === name);
    if (input !== undefined) return this.#metric(input, above);
    return this.#failInFiles(
      definition,
      key,
      `there is no metric ${name}${closest(
        name,
        metrics.map((metric) => metric.name),
      )}`,
    );
  }

  #fail(definition: MetricDefinition, key: string | undefined, message: string): undefined {
    this.#report({ definition, key }, message);
  }

  /** Whatever the record types are. */
  #failInFiles(definition: MetricDefinition, key: string | undefined, message: string): undefined {
    this.#report({ definition, key, ofFiles: true }, message);
  }
}

const columnOf = ({ definition, type }: LinkedMetric): BoundExpression => ({ kind: 'column', name: definition.name, type });

function inputColumn(inputs: readonly LinkedInput[], name: string, at: number): BoundExpression {
  const input = inputs.find(({ alias }) => alias === name);
  if (input !== undefined) return { kind: 'column', name, type: input.metric.type };
  const aliases = inputs.map(({ alias }) => alias);
  throw new ExpressionProblem(at, `${name} is none of the inputs${closest(name, aliases)}`);
}
