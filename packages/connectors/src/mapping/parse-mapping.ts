import { parseYaml, SophiaError } from '@sophia/shared';
import type { FieldDefinition, RecordTypeDefinition } from '@sophia/types';
import { LineCounter } from 'yaml';
import { ESCAPE } from './compile-id.ts';
import type { FieldRule, Mapping, Repair } from './mapping.ts';
import { columnsOf } from './mapping-columns.ts';
import { parseColumnRule } from './parse-column-rule.ts';
import { type MappingProblem, suggestion, type YamlMap, yamlMap } from './yaml-map.ts';

const KEYS = [
  'name',
  'match',
  'source_system',
  'record_type',
  'source_id',
  'separator',
  'occurred_at',
  'source_version',
  'business_priority',
  'deleted',
  'fields',
  'repairs',
  'null_values',
  'ignore',
];
const SOURCE_SYSTEM = /^[a-z0-9][a-z0-9_.-]{0,99}$/;
const MAX_LENGTH = 256 * 1024;
const MAX_TOKENS = 50_000;

/**
 * Reads a mapping file. `path` is for messages. Errors: `mapping_invalid`, with every problem's line in `details.problems`
 * and the first ones in the message.
 */
export function parseMapping(text: string, path: string, recordTypes: readonly RecordTypeDefinition[]): Mapping {
  const lines = new LineCounter();
  const problems: MappingProblem[] = [];
  if (text.length > MAX_LENGTH) throw invalid(path, [{ line: 1, message: 'a mapping has at most 262,144 characters' }]);
  // Its names and values are compared with those of sources, which are in NFC too.
  const documents = parseYaml(text.normalize('NFC'), { lineCounter: lines, uniqueKeys: false, mostTokens: MAX_TOKENS });
  for (const { pos, message } of documents.flatMap(({ errors }) => errors))
    problems.push({ line: lines.linePos(pos[0]).line, message: message.replace(/\n.*$/s, '') });
  const [document, another] = documents;
  if (another !== undefined) problems.push({ line: 1, message: 'a mapping is one document' });
  if (problems.length > 0) throw invalid(path, problems);
  const root = yamlMap({ lines, problems }, document.contents, 'a mapping');
  const mapping = readMapping(root, path, recordTypes);
  if (problems.length > 0) throw invalid(path, problems);
  return mapping;
}

function readMapping(root: YamlMap, path: string, recordTypes: readonly RecordTypeDefinition[]): Mapping {
  root.allow(KEYS);
  const recordType = root.requiredText('record_type');
  const definition = recordTypes.find((type) => type.name === recordType);
  const known = recordTypes.map((type) => type.name);
  if (definition === undefined && recordType !== '')
    root.problem('record_type', `there is no record type ${recordType}${suggestion(recordType, known)}`);
  const sourceSystem = root.requiredText('source_system');
  if (sourceSystem !== '' && !SOURCE_SYSTEM.test(sourceSystem)) {
    root.problem('source_system', 'source_system is made of lower-case letters, digits, dots, dashes and underscores');
  }
  const sourceId = root.texts('source_id');
  if (sourceId.length === 0) root.problem(undefined, 'a mapping needs source_id: the column, or columns, of the id');
  const common: FieldDefinition = { name: 'occurred_at', type: 'timestamp' };
  const priority: FieldDefinition = { name: 'business_priority', type: 'text' };
  const mapping: Mapping = {
    name: root.text('name') ?? fileStem(path),
    match: { columns: [], files: [] },
    source_system: sourceSystem,
    record_type: recordType,
    source_id: sourceId,
    separator: readSeparator(root),
    occurred_at: root.has('occurred_at') ? parseColumnRule(root, 'occurred_at', common) : undefined,
    source_version: root.text('source_version'),
    business_priority: root.has('business_priority') ? parseColumnRule(root, 'business_priority', priority) : undefined,
    deleted: readDeleted(root.map('deleted')),
    fields: readFields(root, definition),
    repairs: root.maps('repairs').map(readRepair),
    null_values: root.texts('null_values'),
    ignore: root.texts('ignore'),
  };
  return { ...mapping, match: readShape(root.map('match'), mapping) };
}

/** One that is empty, or holds the sign that marks it within a part, would let two keys be one id. */
function readSeparator(root: YamlMap): string {
  const separator = root.text('separator') ?? '/';
  if (separator === '' || separator.includes(ESCAPE)) root.problem('separator', 'separator is a text without backslashes');
  return separator;
}

function readFields(root: YamlMap, definition: RecordTypeDefinition | undefined): readonly FieldRule[] {
  const fields = root.map('fields');
  if (fields === undefined) {
    root.problem(undefined, 'a mapping needs fields: a column or a constant for each');
    return [];
  }
  const names = definition?.fields.map((field) => field.name) ?? [];
  return fields.keys().flatMap((name): readonly FieldRule[] => {
    const field = definition?.fields.find((each) => each.name === name);
    if (field === undefined) {
      if (definition !== undefined) fields.problem(name, `${definition.name} has no field ${name}${suggestion(name, names)}`);
      return [];
    }
    const constant = constantOf(fields, name);
    if (constant !== undefined) return [{ field: name, kind: 'constant', value: constant }];
    const rule = parseColumnRule(fields, name, field);
    return rule === undefined ? [] : [{ field: name, kind: 'column', rule }];
  });
}

function constantOf(fields: YamlMap, name: string) {
  if (fields.isPlain(name)) return undefined;
  const rule = fields.map(name);
  if (rule?.has('constant') !== true) return undefined;
  rule.allow(['constant']);
  return rule.primitive('constant') ?? null;
}

function readDeleted(deleted: YamlMap | undefined): Mapping['deleted'] {
  if (deleted === undefined) return undefined;
  deleted.allow(['column', 'values']);
  const values = deleted.texts('values');
  return { column: deleted.requiredText('column'), values: values.length === 0 ? undefined : values };
}

function readRepair(repair: YamlMap): Repair {
  repair.allow(['rule', 'columns', 'replace', 'trim']);
  const replace = new Map([...(repair.table('replace') ?? [])].map(([wrong, right]) => [wrong, String(right ?? '')]));
  const trim = repair.flag('trim');
  if (replace.size === 0 && !trim) repair.problem(undefined, 'a repair needs replace or trim');
  return { rule: repair.requiredText('rule'), columns: repair.texts('columns'), replace, trim };
}

function readShape(match: YamlMap | undefined, mapping: Mapping): Mapping['match'] {
  match?.allow(['columns', 'files']);
  const columns = match?.texts('columns') ?? [];
  return { columns: columns.length > 0 ? columns : columnsOf(mapping), files: match?.texts('files') ?? [] };
}

const fileStem = (path: string): string => path.replace(/^.*[\\/]/s, '').replace(/\.ya?ml$/, '');

/** In the message, and in the details. */
const SHOWN = 5;
const MAX_PROBLEMS = 100;

function invalid(path: string, problems: readonly MappingProblem[]): SophiaError {
  const sorted = [...problems].sort((a, b) => a.line - b.line);
  const shown = sorted.slice(0, SHOWN).map(({ line, message }) => `${path}:${line}: ${message}`);
  const more = sorted.length > SHOWN ? [`and ${sorted.length - SHOWN} more`] : [];
  return new SophiaError('mapping_invalid', [...shown, ...more].join('\n'), { details: { path, problems: sorted.slice(0, MAX_PROBLEMS) } });
}
