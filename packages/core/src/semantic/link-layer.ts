import { SophiaError } from '@sophia/shared';
import type { SemanticLayer } from '@sophia/types';
import { linkMetrics } from './link-metrics.ts';
import { linkModels } from './link-models.ts';
import type { Report } from './link-problem.ts';
import type { LinkedLayer } from './linked-layer.ts';

/** Finds every name and binds every expression; what is wrong is reported, and left out. `problems` are those that `report` notes. */
export function link(layer: SemanticLayer, report: Report, problems: LinkedLayer['problems']): LinkedLayer {
  const recordTypes = new Map(layer.recordTypes.map((recordType) => [recordType.name, recordType]));
  const models = linkModels(layer, recordTypes, report);
  return { layer, ...models, recordTypes, metrics: linkMetrics(layer, models, report), problems };
}

const LINKED = new WeakMap<SemanticLayer, LinkedLayer>();

/** Keeps the linked form of a layer for `linkedLayer`. */
export function keepLinked(linked: LinkedLayer): void {
  LINKED.set(linked.layer, linked);
}

/** The linked form of a layer that `parseSemanticLayer` gave; kept as long as the layer itself. */
export function linkedLayer(layer: SemanticLayer): LinkedLayer {
  const linked = LINKED.get(layer);
  if (linked === undefined) throw new SophiaError('semantic_model_invalid', 'The semantic layer was not read from files.');
  return linked;
}
