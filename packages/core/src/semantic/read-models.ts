import {
  AGGREGATIONS,
  type ModelDimension,
  type ModelEntity,
  type ModelMeasure,
  type ModelRollup,
  type SemanticModel,
  TIME_GRAINS,
} from '@sophia/types';
import { readModelFilter } from './read-filter.ts';
import type { SourceMap } from './source-node.ts';

const METRIC_TIME = 'metric_time';

/** Most parts of each kind in one model. */
const MAX_PARTS = 500;

/** Remembers where each definition was read, for problems that are found later. */
export type Remember = <T extends object>(definition: T, source: SourceMap) => T;

export function readModel(source: SourceMap, remember: Remember): SemanticModel {
  const model = {
    name: source.name('name'),
    description: source.text('description'),
    record_type: source.required('record_type'),
    entities: source.maps('entities', 'an entity', MAX_PARTS).map((each) => readEntity(each, remember)),
    dimensions: source.maps('dimensions', 'a dimension', MAX_PARTS).map((each) => readDimension(each, remember)),
    measures: source.maps('measures', 'a measure', MAX_PARTS).map((each) => readMeasure(each, remember)),
    rollups: source.maps('rollups', 'a rollup', MAX_PARTS).map((each) => readRollup(each, remember)),
    default_time_dimension: source.text('default_time_dimension'),
  };
  source.finish();
  return remember(withoutUndefined(model), source);
}

function readEntity(source: SourceMap, remember: Remember): ModelEntity {
  const name = source.name('name');
  const type = source.requiredOneOf('type', ['primary', 'foreign']);
  const entity: ModelEntity = type === 'primary' ? { name, type } : { name, type, field: source.required('field'), to: source.text('to') };
  source.finish();
  return remember(withoutUndefined(entity), source);
}

function readDimension(source: SourceMap, remember: Remember): ModelDimension {
  const name = source.name('name');
  // Queries could not tell it from the time of each measure.
  if (name === METRIC_TIME) source.problem('name', `name: ${METRIC_TIME} is the time of whatever measure is asked for`);
  const dimension = {
    name,
    type: source.requiredOneOf('type', ['categorical', 'time']),
    expression: source.text('expression'),
    label: source.text('label'),
    description: source.text('description'),
    identifying: source.flag('identifying'),
  };
  source.finish();
  return remember(withoutUndefined(dimension), source);
}

function readMeasure(source: SourceMap, remember: Remember): ModelMeasure {
  const measure = {
    name: source.name('name'),
    aggregation: source.requiredOneOf('aggregation', AGGREGATIONS),
    expression: source.text('expression'),
    filter: readModelFilter(source, 'filter'),
    time_dimension: source.text('time_dimension'),
    percentile: source.number('percentile', 0, 1),
    label: source.text('label'),
    description: source.text('description'),
    unit: source.text('unit'),
  };
  source.finish();
  return remember(withoutUndefined(measure), source);
}

function readRollup(source: SourceMap, remember: Remember): ModelRollup {
  const rollup = {
    name: source.name('name'),
    measures: source.texts('measures', MAX_PARTS),
    dimensions: source.texts('dimensions', MAX_PARTS),
    time_dimension: source.text('time_dimension'),
    grain: source.oneOf('grain', TIME_GRAINS),
  };
  source.finish();
  return remember(withoutUndefined(rollup), source);
}

/** Without the keys that were not written, so that two ways to leave them out have one hash. */
export function withoutUndefined<T extends object>(definition: T): T {
  // Only keys whose value is undefined go, and those are optional in every definition.
  return Object.fromEntries(Object.entries(definition).filter(([, value]) => value !== undefined)) as T;
}
