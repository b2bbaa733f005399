import type { RecordTypeDefinition } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reachableDimensions, resolveDimension } from '../query/resolve-dimension.ts';
import { layerOf } from '../testing/small-world.ts';
import { allJoins, describePath, findJoin } from './find-join.ts';
import { linkedLayer } from './link-layer.ts';

/** A model that may have no primary entity, and refers to others: by the name of their entity, or by another. */
interface TestModel {
  readonly hasPrimary: boolean;
  readonly references: readonly { readonly to: number; readonly byEntity: boolean }[];
}

const reference = fc.record({ to: fc.nat({ max: 3 }), byEntity: fc.boolean() });
const layers = fc
  .array(fc.record({ hasPrimary: fc.boolean(), references: fc.array(reference, { maxLength: 3 }) }), { minLength: 1, maxLength: 4 })
  .map((models) => linkedLayer(layerOfModels(models)));

function layerOfModels(models: readonly TestModel[]) {
  const written = models.map(({ hasPrimary, references }, index) => {
    const name = `model_${index}`;
    const roles = new Set([name]);
    const linked = references.flatMap(({ to, byEntity }, field) => {
      if (models[to]?.hasPrimary !== true) return [];
      const entity = `model_${to}`;
      const role = byEntity && !roles.has(entity) ? entity : `role_${field}`;
      roles.add(role);
      return [{ role, entity, field: `field_${field}` }];
    });
    const entities = [
      ...(hasPrimary ? [`{ name: ${name}, type: primary }`] : []),
      ...linked.map(({ role, entity, field }) => `{ name: ${role}, type: foreign, field: ${field}, to: ${entity} }`),
    ];
    const text = `  - { name: ${name}, record_type: ${name}, entities: [${entities.join(', ')}], dimensions: [{ name: size, type: categorical }] }`;
    const type: RecordTypeDefinition = {
      name,
      description: '',
      origin: 'workspace',
      revision: 1,
      fields: [
        { name: 'size', type: 'integer' },
        ...linked.map(({ field, entity }) => ({ name: field, type: 'reference' as const, references: entity })),
      ],
    };
    return { text, type };
  });
  return layerOf(
    ['semantic_models:', ...written.map(({ text }) => text)].join('\n'),
    written.map(({ type }) => type),
  );
}

describe('whatever refers to what', () => {
  it('every path is found by its whole name', () => {
    fc.assert(
      fc.property(layers, ({ models, entities }) => {
        for (const from of models.values()) {
          for (const path of allJoins(from, entities).filter(({ hops }) => hops.length > 0)) {
            expect(findJoin(from, describePath(from, path).split('.'), entities)).toEqual({ kind: 'found', join: path });
          }
        }
      }),
    );
  });

  it('what an ambiguous name may be are paths of one length that its names lead to', () => {
    fc.assert(
      fc.property(layers, (layer) => {
        for (const from of layer.models.values()) {
          for (const entity of layer.entities.keys()) {
            const search = findJoin(from, [entity], layer.entities);
            if (search.kind !== 'ambiguous') continue;
            expect(search.paths.length).toBeGreaterThan(1);
            expect(new Set(search.paths.map(({ hops }) => hops.length)).size).toBe(1);
            expect(search.paths.every(({ target }) => target.primary === entity)).toBe(true);
          }
        }
      }),
    );
  });

  it('each dimension that is offered has one name, which means it', () => {
    fc.assert(
      fc.property(layers, (layer) => {
        for (const from of layer.models.values()) {
          const offered = reachableDimensions(from, layer);
          expect(new Set(offered.map(({ name }) => name)).size).toBe(offered.length);
          for (const { name, dimension } of offered) expect(resolveDimension(name, from, layer).dimension).toBe(dimension);
        }
      }),
    );
  });
});
