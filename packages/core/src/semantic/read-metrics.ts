import { METRIC_FORMATS, type MetricDefinition, type MetricInput, type PeriodCount, TIME_GRAINS } from '@sophia/types';
import { isMap, isScalar, type Node } from 'yaml';
import { tokenize } from '../expression/tokenize.ts';
import { tolerated } from './link-problem.ts';
import { readModelFilter } from './read-filter.ts';
import { type Remember, withoutUndefined } from './read-models.ts';
import { describeNode, type SourceMap } from './source-node.ts';

const MAX_INPUTS = 20;

export function readMetric(source: SourceMap, remember: Remember): MetricDefinition {
  const common = {
    name: source.name('name'),
    label: source.text('label'),
    description: source.text('description'),
    format: source.oneOf('format', METRIC_FORMATS),
    unit: source.text('unit'),
    filter: readModelFilter(source, 'filter'),
  };
  const metric: MetricDefinition = { ...common, ...readKind(source) };
  source.finish();
  return remember(withoutUndefined(metric), source);
}

function readKind(source: SourceMap) {
  const type = source.requiredOneOf('type', ['simple', 'ratio', 'derived', 'cumulative']);
  switch (type) {
    case 'simple':
      return { type, measure: source.required('measure') };
    case 'ratio':
      return { type, numerator: source.required('numerator'), denominator: source.required('denominator') };
    case 'derived':
      return { type, ...readDerivation(source) };
    case 'cumulative':
      if (source.node('window') !== undefined && source.node('grain_to_date') !== undefined)
        source.problem('grain_to_date', 'grain_to_date: a window is given too; a cumulative metric has at most one of them');
      return withoutUndefined({
        type,
        measure: source.required('measure'),
        window: readPeriods(source, 'window'),
        grain_to_date: source.oneOf('grain_to_date', TIME_GRAINS),
      });
  }
}

/** Inputs need to be listed only where they have another name or are offset: the others are the names in the expression. */
function readDerivation(source: SourceMap): { readonly expression: string; readonly inputs: readonly MetricInput[] } {
  const expression = source.required('expression');
  const listed = source.items('inputs', MAX_INPUTS).map((node) => readInput(source, node));
  const aliases = new Set(listed.map(({ alias }) => alias));
  const others = namesIn(expression).filter((name) => !aliases.has(name));
  return { expression, inputs: [...listed, ...others.map((name) => ({ metric: name, alias: name }))] };
}

function readInput(source: SourceMap, node: Node): MetricInput {
  if (isScalar(node)) return { metric: String(node.value), alias: String(node.value) };
  const input = source.child(node, 'an input');
  const metric = input.required('metric');
  const read = { metric, alias: input.text('alias') ?? metric, offset: readPeriods(input, 'offset') };
  input.finish();
  return withoutUndefined(read);
}

function readPeriods(source: SourceMap, key: string): PeriodCount | undefined {
  const node = source.node(key);
  if (node === undefined) return undefined;
  if (!isMap(node)) {
    source.problem(key, `${key}: expected a count and a grain, as in { count: 90, grain: day }, found ${describeNode(node)}`);
    return undefined;
  }
  const periods = source.child(node, 'a count and a grain');
  const read = { count: periods.count('count', 10_000), grain: periods.requiredOneOf('grain', TIME_GRAINS) };
  periods.finish();
  return read;
}

/** The names of an expression that are no functions, each once; none where it cannot be read, which is reported later. */
function namesIn(expression: string): readonly string[] {
  const tokens = tolerated(() => tokenize(expression)) ?? [];
  const names = tokens.filter(
    (token, index) => token.kind === 'word' && tokens[index + 1]?.value !== '(' && tokens[index - 1]?.value !== '.',
  );
  return [...new Set(names.map(({ value }) => value))];
}
