import { SophiaError } from '@sophia/shared';
import type { SourceDescription } from '../read/source.ts';
import type { SourceRow } from '../read/source-row.ts';
import { compileCellReader } from './column-access.ts';
import type { Mapping } from './mapping.ts';
import { columnsOf } from './mapping-columns.ts';
import { suggestion } from './yaml-map.ts';

/** What is known of a source when a mapping is looked for. */
export interface MatchedSource {
  readonly name: string | undefined;
  readonly columns: readonly string[] | undefined;
  readonly sample: readonly SourceRow[];
}

/** The mapping for a source of this shape and name; of several the one that matches the most columns. */
export function findMapping(mappings: readonly Mapping[], source: MatchedSource): Mapping | undefined {
  const fitting = mappings.filter((mapping) => fitsName(mapping, source.name) && lacking(mapping.match.columns, source).length === 0);
  return [...fitting].sort((a, b) => b.match.columns.length - a.match.columns.length)[0];
}

/** A source that was opened for a mapping. */
interface CheckedSource extends MatchedSource {
  readonly description: Pick<SourceDescription, 'header'>;
}

/** Throws `mapping_mismatch` where the source lacks columns that the mapping reads, repairs or leaves out: a name may be misspelt. */
export function checkMapping(mapping: Mapping, source: CheckedSource): void {
  const missing = lacking([...new Set([...columnsOf(mapping), ...namedBeside(mapping, source)])], source);
  if (missing.length === 0) return;
  const known = source.columns ?? memberNames(source.sample);
  const [first = ''] = missing;
  const others = missing.length === 1 ? '' : `, nor ${missing.slice(1).join(', ')}`;
  const message = `The source has no column ${first}${others}, which ${titleOf(mapping)} names${suggestion(first, known)}${headerHint(source)}`;
  throw new SophiaError('mapping_mismatch', message, { details: { missing, found: known } });
}

/** One that was sent without a name is called `the mapping`. */
const titleOf = ({ name }: Mapping): string => (name === 'the mapping' ? name : `the mapping ${name}`);

/** Beside those that are read. Of objects a member that is left out may as well be missing. */
const namedBeside = ({ repairs, ignore }: Mapping, { columns }: MatchedSource): readonly string[] => [
  ...repairs.flatMap((repair) => repair.columns),
  ...(columns === undefined ? [] : ignore),
];

/** A first row that was taken for data leaves the columns without names. */
const headerHint = ({ description: { header } }: CheckedSource): string =>
  header?.present === false ? '. The first row was read as data; set header (--header) if it names the columns' : '';

/** Objects need not have all members: one is missing if no row of the sample has it. */
function lacking(names: readonly string[], { columns, sample }: MatchedSource): readonly string[] {
  if (columns !== undefined) return names.filter((name) => !columns.includes(name));
  const whole = sample.filter((row) => row.errors === undefined);
  if (whole.length === 0) return [];
  return names.filter((name) => {
    const read = compileCellReader(name, undefined);
    return whole.every((row) => read(row.values) === undefined);
  });
}

const memberNames = (sample: readonly SourceRow[]): readonly string[] => [
  ...new Set(sample.filter((row) => row.errors === undefined).flatMap((row) => Object.keys(row.values))),
];

function fitsName({ match }: Mapping, name: string | undefined): boolean {
  if (match.files.length === 0) return true;
  return name !== undefined && match.files.some((pattern) => globToRegex(pattern).test(name));
}

const globToRegex = (glob: string): RegExp =>
  new RegExp(
    `^${glob
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
    'i',
  );
