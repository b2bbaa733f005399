import { type Command, Option } from 'commander';
import type { ListDeadLettersOptions, ReplayOptions } from '../commands/dead-letters.ts';
import type { ImportCommandOptions } from '../commands/import.ts';
import type { ListImportsOptions } from '../commands/imports.ts';
import type { ListRecordsOptions } from '../commands/records.ts';
import { withExamples } from './examples.ts';
import type { CommonOptions } from './invocation.ts';
import type { Runs } from './runs-in.ts';

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
const LIMIT = ['--limit <rows>', 'at most so many rows, up to 1,000; 20 unless told'] as const;
const CURSOR = ['--cursor <cursor>', 'where the page before ended'] as const;

export const defineDataCommands = (program: Command, runs: Runs): void => {
  defineImport(program, runs);
  defineImports(program, runs);
  defineRecords(program, runs);
  defineDeadLetters(program, runs);
};

const defineImport = (program: Command, { client }: Runs): void => {
  withExamples(
    program
      .command('import')
      .description('import files, or what a Singer tap writes, and report counts that add up')
      .argument('[files...]', 'CSV, TSV, NDJSON, JSON or Parquet; plain, gzip or zstd; -: standard input')
      .option('--mapping <file>', 'how columns become fields: YAML; may be repeated with --singer', collect)
      .option('--type <record type>', 'type of the rows, where columns are called like its fields')
      .option('--source-system <name>', 'where the rows come from, where no mapping says it')
      .option('--suggest', 'write a first mapping for the file to standard output')
      .option('--resume <id>', 'go on with an import that was cut off')
      .option('--singer', 'read a Singer tap’s messages from standard input')
      .option('--tap <file>', 'run the Singer tap that this YAML file configures, from its last state')
      .addOption(new Option('--format <format>', 'format, where it is not found out').choices(['csv', 'tsv', 'ndjson', 'json', 'parquet']))
      .option('--encoding <name>', 'encoding, where it is not found out')
      .option('--delimiter <character>', 'what stands between cells; tab: the tabulator')
      .option('--quote <character>', 'what cells are enclosed in, where it is not found out')
      .addOption(
        new Option('--escaping <kind>', 'how a quote stands within a cell: twice, or behind a backslash').choices(['double', 'backslash']),
      )
      .option('--header', 'the first row names the columns')
      .option('--no-header', 'the first row is data')
      .action(
        client(async (invocation, files: string[], options: ImportCommandOptions) =>
          (await import('../commands/import.ts')).importCommand(invocation, files, options),
        ),
      ),
    'sophia import deals.csv --suggest > deals.yaml',
    'sophia import deals.csv --mapping deals.yaml',
    'sophia import accounts.ndjson.gz --type company --source-system crm',
    'tap-github --config github.json | sophia import --singer --source-system github >> state.json',
    'sophia import --tap github.yaml',
  );
};

const defineImports = (program: Command, { client }: Runs): void => {
  const imports = program.command('imports').description('imports that ran or run');
  withExamples(
    imports
      .command('list')
      .description('newest first')
      .addOption(new Option('--state <state>', 'only those').choices(['running', 'interrupted', 'finished', 'failed']))
      .option(...CURSOR)
      .option(...LIMIT)
      .action(
        client(async (invocation, options: ListImportsOptions) =>
          (await import('../commands/imports.ts')).listImports(invocation, options),
        ),
      ),
    'sophia imports list --state interrupted',
  );
  withExamples(
    imports
      .command('get')
      .description('the report of one')
      .argument('<id>', 'id of the import')
      .action(
        client(async (invocation, id: string, options: CommonOptions) =>
          (await import('../commands/imports.ts')).getImport(invocation, id, options),
        ),
      ),
    'sophia imports get 01M7YQ6SDE6TZEDKRYDVCVNCDQ',
  );
};

const defineRecords = (program: Command, { client }: Runs): void => {
  const records = program.command('records').description('records, and every version of them');
  withExamples(
    records
      .command('list')
      .description('records of a type')
      .argument('<type>', 'record type')
      .addOption(new Option('--where <condition>', '"status=won"; may be repeated').argParser(collect))
      .option('--source-system <name>', 'only of this source')
      .option('--source-id <id>', 'only this one, as its source names it')
      .option('--fields <names>', 'columns to show, separated by commas')
      .option('--deleted', 'deleted ones too')
      .option(...CURSOR)
      .option(...LIMIT)
      .action(
        client(async (invocation, type: string, options: ListRecordsOptions) =>
          (await import('../commands/records.ts')).listRecords(invocation, type, options),
        ),
      ),
    'sophia records list deal --where "status=won" --where "amount>=20000" --fields source_id,product,amount',
  );
  for (const [name, description] of [
    ['get', 'one record'],
    ['history', 'every version: what changed, when, by whom, from where'],
  ] as const) {
    withExamples(
      records
        .command(name)
        .description(description)
        .argument('<type>', 'record type')
        .argument('<id>', 'Sophia’s id, or the source’s with --source-system')
        .option('--source-system <name>', 'the id is the one of this source')
        .action(
          client(async (invocation, type: string, id: string, options: CommonOptions & { sourceSystem?: string }) => {
            const { getRecord, recordHistory } = await import('../commands/records.ts');
            return (name === 'get' ? getRecord : recordHistory)(invocation, type, id, options);
          }),
        ),
      `sophia records ${name} deal 1C1I7A6R --source-system crm`,
    );
  }
};

const withSelection = (command: Command): Command =>
  command
    .option('--import <id>', 'of this import')
    .option('--type <record type>', 'of this type')
    .option('--source-system <name>', 'of this source')
    .option('--code <code>', 'rejected for this reason')
    .addOption(
      new Option('--state <state>', 'open and repaired unless told').choices(['open', 'repaired', 'replayed', 'discarded', 'superseded']),
    );

const defineDeadLetters = (program: Command, { client }: Runs): void => {
  const letters = program.command('dead-letters').description('rejected rows: look, repair, replay');
  withExamples(
    withSelection(letters.command('list').description('rejected rows with line, column, reason and value, oldest first'))
      .option(...CURSOR)
      .option(...LIMIT)
      .action(
        client(async (invocation, options: ListDeadLettersOptions) =>
          (await import('../commands/dead-letters.ts')).listDeadLetters(invocation, options),
        ),
      ),
    'sophia dead-letters list --import 01M7YQ6SDE6TZEDKRYDVCVNCDQ',
  );
  withExamples(
    letters
      .command('repair')
      .description('set fields of a rejected row; it is judged when it is replayed')
      .argument('<id>', 'id of the dead letter')
      .argument('<fields...>', 'field=value; an empty value clears the field')
      .option('--replay', 'replay it at once')
      .action(
        client(async (invocation, id: string, fields: string[], options: CommonOptions & { replay?: boolean }) =>
          (await import('../commands/dead-letters.ts')).repairDeadLetter(invocation, id, fields, options),
        ),
      ),
    'sophia dead-letters repair 17 close_date=2017-03-01 amount=1054.50 --replay',
  );
  withExamples(
    withSelection(letters.command('replay').description('write rejected rows again: those named, else all that are open or repaired'))
      .argument('[ids...]', 'ids of dead letters')
      .action(
        client(async (invocation, ids: string[], options: ReplayOptions) =>
          (await import('../commands/dead-letters.ts')).replayDeadLetters(invocation, ids, options),
        ),
      ),
    'sophia dead-letters replay --state repaired',
  );
  withExamples(
    letters
      .command('discard')
      .description('give rejected rows up')
      .argument('<ids...>', 'ids of dead letters')
      .action(
        client(async (invocation, ids: string[], options: CommonOptions) =>
          (await import('../commands/dead-letters.ts')).discardDeadLetters(invocation, ids, options),
        ),
      ),
    'sophia dead-letters discard 17 18',
  );
};
