import { parseArgs } from 'node:util';
import { parseConfiguration } from '@sophia/shared';
import { start } from './commands/start.ts';

const { values } = parseArgs({
  allowPositionals: true,
  options: { port: { type: 'string' }, 'data-dir': { type: 'string' }, 'no-sample': { type: 'boolean' }, workspace: { type: 'string' } },
});
const { 'no-sample': noSample, ...options } = values;
await start(parseConfiguration({ env: process.env, arguments: { ...options, ...(noSample === true ? { sample: false } : {}) } }));
