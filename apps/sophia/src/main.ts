import { environment } from './command-line/environment.ts';
import { run } from './command-line/run.ts';
import { openTerminal } from './command-line/terminal.ts';

const argv = process.argv.slice(2);
process.exitCode = await run(argv, { terminal: openTerminal(process, environment), environment });
// A server that was stopped ends although nobody reads its lines; results of other commands wait for who reads them.
if (argv[0] === 'start') setTimeout(() => process.exit(), 2_000).unref();
