import { createHash } from 'node:crypto';
import { parseYaml } from '@sophia/shared';
import type { MetricDefinition, RecordTypeDefinition, SemanticLayer, SemanticModel, SemanticProblem } from '@sophia/types';
import { isScalar, LineCounter, type Node, Scalar } from 'yaml';
import { keepLinked, link } from './link-layer.ts';
import type { Report } from './link-problem.ts';
import { readMetric } from './read-metrics.ts';
import { type Remember, readModel } from './read-models.ts';
import { problemAt, SourceMap } from './source-node.ts';

export interface SemanticFile {
  /** As it is shown in problems. */
  readonly path: string;
  readonly text: string;
  /** Why it could not be read, as a predicate; its text is empty then. */
  readonly unreadable?: string | undefined;
}

export interface SemanticLayerReading {
  /** Without what does not fit the record types, which is among the problems; null where there are problems of the files themselves. */
  readonly layer: SemanticLayer | null;
  readonly problems: readonly SemanticProblem[];
}

/** Most characters of all files together, and most models and metrics in one file. */
const MAX_LENGTH = 4_000_000;
const MAX_DEFINITIONS = 2_000;
const TOO_LONG = `semantic models have at most ${MAX_LENGTH} characters in all files together`;

/**
 * Reads semantic models and metrics (docs/reference/semantic-models.md) and checks them against the record types.
 * Gives every problem that there is, in the order of files and lines. What does not fit the record types is left out of
 * the layer with what is made of it: they change when the files do not. Whether there is a layer is up to the files alone.
 */
export function parseSemanticLayer(files: readonly SemanticFile[], recordTypes: readonly RecordTypeDefinition[]): SemanticLayerReading {
  const problems: SemanticProblem[] = [];
  const sources = new Map<object, SourceMap>();
  const remember: Remember = (definition, source) => {
    sources.set(definition, source);
    return definition;
  };
  const models: SemanticModel[] = [];
  const metrics: MetricDefinition[] = [];
  for (const root of readFiles(files, problems)) {
    models.push(...root.maps('semantic_models', 'a model', MAX_DEFINITIONS).map((source) => readModel(source, remember)));
    metrics.push(...root.maps('metrics', 'a metric', MAX_DEFINITIONS).map((source) => readMetric(source, remember)));
    root.finish();
  }
  const layer = { models, metrics, recordTypes, hash: hashOf(models, metrics, recordTypes) };
  // What does not have its shape is not judged further: it was read with placeholders.
  const misshapen = new Set([...sources].filter(([, source]) => source.hasProblem).map(([definition]) => definition));
  let isWhole = problems.length === 0;
  const leftOut = new Map<object, SemanticProblem[]>();
  const report: Report = ({ definition, key, at, ofFiles }, message) => {
    const source = misshapen.has(definition) ? undefined : sources.get(definition);
    if (source === undefined) return;
    isWhole &&= ofFiles !== true;
    leftOut.set(definition, [...(leftOut.get(definition) ?? []), source.problem(key, message, at)]);
  };
  keepLinked(link(layer, report, leftOut));
  return { layer: isWhole ? layer : null, problems: inOrder(problems, files) };
}

function readFiles(files: readonly SemanticFile[], problems: SemanticProblem[]): readonly SourceMap[] {
  let length = 0;
  return files.flatMap(({ path, text, unreadable }) => {
    length += text.length;
    const refused = unreadable ?? (length > MAX_LENGTH ? TOO_LONG : undefined);
    if (refused !== undefined) {
      problems.push({ path, line: 1, column: 1, message: refused });
      return [];
    }
    const file = { path, text, lines: new LineCounter(), problems };
    return parseYaml(text, { lineCounter: file.lines, uniqueKeys: true, stringKeys: true }).flatMap((document) => {
      for (const { pos, message } of [...document.errors, ...document.warnings]) {
        problemAt(file, nodeAt(pos[0]), message, 0);
      }
      const { contents } = document;
      const isEmpty = contents === null || (isScalar(contents) && contents.value === null);
      return isEmpty || document.errors.length > 0 ? [] : [new SourceMap(file, contents, 'semantic_models and metrics')];
    });
  });
}

function nodeAt(position: number): Node {
  const node = new Scalar(null);
  node.range = [position, position, position];
  return node;
}

function inOrder(problems: readonly SemanticProblem[], files: readonly SemanticFile[]): readonly SemanticProblem[] {
  const paths = files.map(({ path }) => path);
  return [...problems].sort((a, b) => paths.indexOf(a.path) - paths.indexOf(b.path) || a.line - b.line || a.column - b.column);
}

/** What answers may depend on: descriptions of types are left out. */
function hashOf(
  models: readonly SemanticModel[],
  metrics: readonly MetricDefinition[],
  recordTypes: readonly RecordTypeDefinition[],
): string {
  const types = recordTypes.map(({ name, fields, derived }) => ({ name, fields, derived }));
  return createHash('sha256')
    .update(JSON.stringify([models, metrics, types]))
    .digest('hex');
}
