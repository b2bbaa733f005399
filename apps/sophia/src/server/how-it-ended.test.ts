import { SophiaError } from '@sophia/shared';
import { expect, test } from 'vitest';
import { tellHowItEnded } from './how-it-ended.ts';

const unreachable = new SophiaError('unavailable', 'The database cannot be reached: read ECONNRESET');
const late = new SophiaError('deadline_exceeded', 'No end within 30000 ms: api to close.');

test('a stop that a database does not see is told and is a stop', () => {
  const said: string[] = [];
  tellHowItEnded(new AggregateError([new AggregateError([unreachable])]), (line) => said.push(line));
  expect(said).toEqual(['The database cannot be reached: read ECONNRESET']);
});

test('a stop that cut something off is a failure, whatever else went wrong', () => {
  expect(() => tellHowItEnded(new AggregateError([unreachable, new AggregateError([late])]), () => undefined)).toThrow(
    'Not all ended in time. The database cannot be reached: read ECONNRESET No end within 30000 ms: api to close.',
  );
});
