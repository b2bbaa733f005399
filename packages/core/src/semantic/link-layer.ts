import { SophiaError } from '@sophia/shared';
import type { SemanticLayer } from '@sophia/types';
import { linkMetrics } from './link-metrics.ts';
import { linkModels } from './link-models.ts';
import type { Report } from './link-problem.ts';
import type { LinkedLayer } from './linked-layer.ts';

/** Finds every name and binds every expression; what is wrong is reported, and left out. */
export function link(layer: SemanticLayer, report: Report): LinkedLayer {
  const recordTypes = new Map(layer.recordTypes.map((recordType) => [recordType.name, recordType]));
  const models = linkModels(layer, recordTypes, report);
  return { layer, ...models, recordTypes, metrics: linkMetrics(layer, models, report) };
}

const LINKED = new WeakMap<SemanticLayer, LinkedLayer>();

/** The linked form of a layer that `parseSemanticLayer` gave; kept as long as the layer itself. */
export function linkedLayer(layer: SemanticLayer): LinkedLayer {
  const known = LINKED.get(layer);
  if (known !== undefined) return known;
  const linked = link(layer, (_place, message) => {
    throw new SophiaError('semantic_model_invalid', message);
  });
  LINKED.set(layer, linked);
  return linked;
}
