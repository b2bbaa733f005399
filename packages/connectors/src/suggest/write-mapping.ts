import type { RepairProposal } from './suggest-repairs.ts';

export interface SuggestedField {
  readonly field: string;
  readonly settings: readonly (readonly [key: string, value: string])[];
  readonly values?: readonly (readonly [value: string, meaning: string])[] | undefined;
  /** What to check, for people. */
  readonly notes: readonly string[];
}

export interface SuggestedRepair {
  readonly rule: string;
  readonly column: string;
  readonly proposals: readonly RepairProposal[];
}

export interface SuggestedMapping {
  readonly recordType: string;
  readonly isCertain: boolean;
  readonly sourceSystem: string | undefined;
  readonly files: readonly string[];
  readonly idColumn: string | undefined;
  readonly fields: readonly SuggestedField[];
  /** What to check beside the fields, for people. */
  readonly notes: readonly string[];
  /** Texts that mean "no value". */
  readonly nulls: readonly string[];
  readonly repairs: readonly SuggestedRepair[];
  readonly unused: readonly string[];
}

/** A mapping as YAML, with a comment wherever something was guessed. */
export function writeMapping(mapping: SuggestedMapping): string {
  const lines = [
    '# Suggested from the data: read what is marked "check".',
    ...(mapping.files.length === 0 ? [] : ['match:', `  files: [${mapping.files.map(quoted).join(', ')}]`]),
    mapping.sourceSystem === undefined
      ? `source_system: import # check: a name for the source, the same for all its files`
      : `source_system: ${quoted(mapping.sourceSystem)}`,
    `record_type: ${mapping.recordType}${mapping.isCertain ? '' : ' # check: no type fits well; a type of your own can be defined'}`,
    mapping.idColumn === undefined
      ? 'source_id: [] # check: no column is different in every row; name the column, or columns, of the id'
      : `source_id: ${quoted(mapping.idColumn)}`,
    ...mapping.notes.map((note) => `# check: ${oneLine(note)}`),
    mapping.fields.length === 0 ? 'fields: {} # check: no column is a field of the type by its name' : 'fields:',
    ...mapping.fields.flatMap(fieldLines),
    ...(mapping.repairs.length === 0 ? [] : ['repairs:', ...mapping.repairs.flatMap(repairLines)]),
    ...(mapping.nulls.length === 0 ? [] : [`null_values: [${mapping.nulls.map(quoted).join(', ')}] # check: these look like no value`]),
    ...(mapping.unused.length === 0
      ? []
      : [
          '# Kept under extra. Name a column here to leave it out, or map it to a field.',
          `# ignore: [${mapping.unused.map(quoted).join(', ')}]`,
        ]),
  ];
  return `${lines.join('\n')}\n`;
}

function fieldLines({ field, settings, values, notes }: SuggestedField): readonly string[] {
  const comments = notes.map((note) => `  # check: ${oneLine(note)}`);
  const [first, ...others] = settings;
  if (first !== undefined && first[0] === 'column' && others.length === 0 && values === undefined) {
    return [...comments, `  ${field}: ${quoted(first[1])}`];
  }
  const pairs = settings.map(([key, value]) => `${key}: ${quoted(value)}`);
  if (values === undefined) return [...comments, `  ${field}: { ${pairs.join(', ')} }`];
  return [
    ...comments,
    `  ${field}:`,
    ...pairs.map((pair) => `    ${pair}`),
    '    values:',
    ...values.map(([value, meaning]) => `      ${quoted(value)}: ${quoted(meaning)}`),
  ];
}

function repairLines({ rule, column, proposals }: SuggestedRepair): readonly string[] {
  return [
    `  - rule: ${rule} # check: these look like misspellings`,
    `    columns: [${quoted(column)}]`,
    '    replace:',
    ...proposals.map(({ wrong, right, count }) => `      ${quoted(wrong)}: ${quoted(right)} # ${count} ${count === 1 ? 'row' : 'rows'}`),
  ];
}

const PLAIN = /^[A-Za-z][\w/]*(?: [\w/]+)*$/;
/** Words that YAML takes for something else than a text. */
const RESERVED = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** A text as YAML: as it is where that is safe, else in double quotes, which YAML reads as JSON does. */
const quoted = (text: string): string =>
  PLAIN.test(text) && !RESERVED.test(text) ? text : JSON.stringify(text.toWellFormed()).replaceAll('\u007f', '\\u007f');

const oneLine = (text: string): string => text.replace(/[\p{C}\u2028\u2029]/gu, ' ');
