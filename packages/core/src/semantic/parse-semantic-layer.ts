import { createHash } from 'node:crypto';
import { SophiaError } from '@sophia/shared';
import type { MetricDefinition, RecordTypeDefinition, SemanticLayer, SemanticModel, SemanticProblem } from '@sophia/types';
import { isScalar, LineCounter, type Node, parseAllDocuments, Scalar } from 'yaml';
import { link } from './link-layer.ts';
import { readMetric } from './read-metrics.ts';
import { type Remember, readModel } from './read-models.ts';
import { problemAt, SourceMap } from './source-node.ts';

export interface SemanticFile {
  /** As it is shown in problems. */
  readonly path: string;
  readonly text: string;
}

export type SemanticLayerReading =
  | { readonly layer: SemanticLayer; readonly problems: readonly [] }
  | { readonly layer: null; readonly problems: readonly SemanticProblem[] };

/** Most characters of all files together, and most models and metrics in one file. */
const MAX_LENGTH = 4_000_000;
const MAX_DEFINITIONS = 2_000;

/**
 * Reads semantic models and metrics (docs/reference/semantic-models.md) and checks them against the record types.
 * Gives every problem that there is, in the order of files and lines, or the layer.
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
  link(layer, ({ definition, key, at }, message) => {
    if (!misshapen.has(definition)) sources.get(definition)?.problem(key, message, at);
  });
  if (problems.length === 0) return { layer, problems: [] };
  return { layer: null, problems: inOrder(problems, files) };
}

/** The error that says all of them, the first hundred in words. */
export function semanticLayerError(problems: readonly SemanticProblem[]): SophiaError {
  const lines = problems.slice(0, 100).map(({ path, line, column, message }) => `${path}:${line}:${column}: ${message}`);
  return new SophiaError('semantic_model_invalid', lines.join('\n'), { details: { problems } });
}

function readFiles(files: readonly SemanticFile[], problems: SemanticProblem[]): readonly SourceMap[] {
  let length = 0;
  return files.flatMap(({ path, text }) => {
    length += text.length;
    if (length > MAX_LENGTH) {
      problems.push({
        path,
        line: 1,
        column: 1,
        message: `semantic models have at most ${MAX_LENGTH} characters in all files together`,
      });
      return [];
    }
    const file = { path, lines: new LineCounter(), problems };
    return parseAllDocuments(text, { lineCounter: file.lines, uniqueKeys: true, prettyErrors: false, stringKeys: true }).flatMap(
      (document) => {
        for (const { pos, message } of [...document.errors, ...document.warnings]) {
          problemAt(file, nodeAt(pos[0]), message, 0);
        }
        const { contents } = document;
        const isEmpty = contents === null || (isScalar(contents) && contents.value === null);
        return isEmpty || document.errors.length > 0 ? [] : [new SourceMap(file, contents, 'semantic_models and metrics')];
      },
    );
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
