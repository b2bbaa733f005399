import { Argument, type Command, Option } from 'commander';
import type { BenchOptions } from '../commands/bench.ts';
import type { Shell } from '../commands/completion.ts';
import type { CreateKeyOptions } from '../commands/keys.ts';
import type { ListSetAsideOptions, SetAsideOptions } from '../commands/set-aside.ts';
import type { StartOptions } from '../commands/start.ts';
import { withExamples } from './examples.ts';
import type { CommonOptions } from './invocation.ts';
import type { Runs } from './runs-in.ts';

const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];
const ROLES = ['viewer', 'analyst', 'employee', 'manager', 'executive', 'admin'];

export const defineServerCommands = (program: Command, runs: Runs): void => {
  defineStart(program, runs);
  defineStatus(program, runs);
  defineKeys(program, runs);
  defineUpkeep(program, runs);
  defineSetAside(program, runs);
  defineTools(program, runs);
};

const defineStart = (program: Command, { local }: Runs): void => {
  withExamples(
    program
      .command('start')
      .description('run Sophia until Ctrl-C; an empty data folder is filled with the sample')
      .option('--port <port>', 'port to listen at (SOPHIA_PORT, else 8080); 0: any that is free')
      .option('--host <address>', 'address to listen at (SOPHIA_HOST, else 127.0.0.1)')
      .option('--no-sample', 'leave an empty data folder empty')
      .action(local(async (invocation, options: StartOptions) => (await import('../commands/start.ts')).start(invocation, options))),
    'sophia start',
    'sophia start --port 9000 --data-dir /var/lib/sophia --no-sample',
  );
};

const defineStatus = (program: Command, { client }: Runs): void => {
  withExamples(
    program
      .command('status')
      .description('health, lag, caches, sources, what stands aside')
      .option('--slow', 'the slowest queries of late')
      .action(
        client(async (invocation, options: CommonOptions & { slow?: boolean }) =>
          (await import('../commands/status.ts')).status(invocation, options),
        ),
      ),
    'sophia status',
    'sophia status --slow',
  );
};

const defineKeys = (program: Command, { client }: Runs): void => {
  const keys = program.command('keys').description('API keys');
  withExamples(
    keys
      .command('create')
      .description('make a key; it is shown this once')
      .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).makeOptionMandatory())
      .requiredOption('--name <name>', 'what it is for')
      .option('--expires <instant>', 'when it ends: ISO 8601')
      .option('--user <system:id>', 'the user record that whoever has it is')
      .option('--requests-per-second <count>', 'its own rate limit')
      .option(
        '--installation',
        'for every workspace, and for what concerns the whole installation over REST: backups, status, configuration, projections; with the role admin',
      )
      .action(
        client(async (invocation, options: CreateKeyOptions) => (await import('../commands/keys.ts')).createKey(invocation, options)),
      ),
    'sophia keys create --role analyst --name notebook',
    'sophia keys create --role employee --name "Ann’s phone" --user crm:ann --json',
    'sophia keys create --role admin --name backups --installation',
  );
  withExamples(
    keys
      .command('list')
      .description('keys, without their secrets')
      .action(client(async (invocation, options: CommonOptions) => (await import('../commands/keys.ts')).listKeys(invocation, options))),
    'sophia keys list',
  );
  withExamples(
    keys
      .command('revoke')
      .description('refuse a key from now on')
      .argument('<id>', 'id of the key')
      .action(
        client(async (invocation, id: string, options: CommonOptions) =>
          (await import('../commands/keys.ts')).revokeKey(invocation, id, options),
        ),
      ),
    'sophia keys revoke 01M7YQ6SDE6TZEDKRYDVCVNCDQ',
  );
};

const defineUpkeep = (program: Command, { local, client }: Runs): void => {
  const rebuild = program.command('rebuild').description('make derived data anew');
  withExamples(
    rebuild
      .command('warehouse')
      .description('make the warehouse anew from the log beside the one in use, compare every table, switch')
      .action(
        client(async (invocation, options: CommonOptions) =>
          (await import('../commands/rebuild.ts')).rebuildWarehouse(invocation, options),
        ),
      ),
    'sophia rebuild warehouse',
  );
  withExamples(
    program
      .command('backup')
      .description('write everything into one file, also while Sophia runs')
      .argument('<file>', 'file to write; it must not be there')
      .action(
        client(async (invocation, file: string, options: CommonOptions) =>
          (await import('../commands/backup.ts')).backup(invocation, file, options),
        ),
      ),
    'sophia backup sophia-2026-11-20.backup',
  );
  withExamples(
    program
      .command('restore')
      .description('read a backup into an empty data folder')
      .argument('<file>', 'file that sophia backup wrote')
      .action(
        local(async (invocation, file: string, options: CommonOptions) =>
          (await import('../commands/restore.ts')).restore(invocation, file, options),
        ),
      ),
    'sophia restore sophia-2026-11-20.backup --data-dir restored',
  );
  withExamples(
    program
      .command('reset')
      .description('remove the data folder with all that is in it, also where a part is a link to another disk')
      .option('--yes', 'do not ask')
      .action(
        local(async (invocation, options: CommonOptions & { yes?: boolean }) =>
          (await import('../commands/reset.ts')).reset(invocation, options),
        ),
      ),
    'sophia reset --data-dir trial --yes',
  );
};

const defineSetAside = (program: Command, { client }: Runs): void => {
  const aside = program.command('set-aside').description('events that a projection could not take: look, replay, discard');
  const of = (command: Command): Command => command.option('--projection <name>', 'the projection; warehouse unless told');
  withExamples(
    of(aside.command('list').description('events that stand aside, in the order of the log, with the error of each'))
      .option('--limit <events>', 'at most so many, up to 1,000; 20 unless told')
      .action(
        client(async (invocation, options: ListSetAsideOptions) =>
          (await import('../commands/set-aside.ts')).listSetAside(invocation, options),
        ),
      ),
    'sophia set-aside list',
  );
  withExamples(
    of(aside.command('replay').description('hand them to the projection again, in order, when the cause is mended')).action(
      client(async (invocation, options: SetAsideOptions) =>
        (await import('../commands/set-aside.ts')).replaySetAside(invocation, options),
      ),
    ),
    'sophia set-aside replay',
  );
  withExamples(
    of(aside.command('discard').description('give events up; those of their records behind them wait for a replay'))
      .argument('<positions...>', 'positions of events')
      .action(
        client(async (invocation, positions: string[], options: SetAsideOptions) =>
          (await import('../commands/set-aside.ts')).discardSetAside(invocation, positions, options),
        ),
      ),
    'sophia set-aside discard 9s5frns.103.0',
  );
};

const defineTools = (program: Command, { local }: Runs): void => {
  withExamples(
    program
      .command('config')
      .description('the configuration in force in the Sophia that runs, else what a start would use, and where each value comes from')
      .action(local(async (invocation, options: CommonOptions) => (await import('../commands/config.ts')).config(invocation, options))),
    'sophia config',
  );
  withExamples(
    program
      .command('completion')
      .description('print a script that completes commands and options')
      .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(SHELLS))
      .action(
        local(async (invocation, shell: Shell, options: CommonOptions) =>
          (await import('../commands/completion.ts')).completion(invocation, shell, options, program),
        ),
      ),
    'source <(sophia completion bash)',
    'source <(sophia completion zsh)',
    'sophia completion fish > ~/.config/fish/completions/sophia.fish',
  );
  withExamples(
    program
      .command('bench')
      .description('measure Sophia against reference programs on this machine')
      .argument('[names...]', 'rows to run; all unless told')
      .option('--check', 'fail where a figure is below its gate, or grows faster than the records')
      .option('--growth', 'how the cost of rows 2 and 6 grows, at 10 thousand, 1 million and 10 million records')
      .option('--sizes <records>', 'other numbers of records for --growth, with commas between')
      .allowUnknownOption()
      .action(
        local(async (invocation, names: string[], options: BenchOptions) =>
          (await import('../commands/bench.ts')).bench(invocation, names, options),
        ),
      ),
    'sophia bench --check',
    'sophia bench metric-queries --growth --sizes 10000,100000',
  );
  program
    .command('test')
    .description('run all tests, or those of a project, a folder or a file')
    .argument('[selected...]', 'architecture, unit, engine or e2e: all of that project; else what the path of a file has in it')
    .allowUnknownOption();
};
