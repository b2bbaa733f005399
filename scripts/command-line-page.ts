import { writeFile } from 'node:fs/promises';
import { commandLinePage } from '@sophia/sophia';

/** Writes the reference page of the command line. */
await writeFile(new URL('../docs/reference/command-line.md', import.meta.url), commandLinePage());
