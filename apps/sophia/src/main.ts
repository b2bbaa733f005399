import { environment } from './command-line/environment.ts';
import { run } from './command-line/run.ts';
import { openTerminal } from './command-line/terminal.ts';

process.exitCode = await run(process.argv.slice(2), { terminal: openTerminal(process, environment), environment });
