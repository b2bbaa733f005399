import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileDatePattern } from './date-pattern.ts';
import { detectDates } from './detect-date.ts';
import { compileInstantFormat } from './instant-format.ts';
import { compileZone, isZone } from './zone.ts';

describe('a date pattern', () => {
  test.each<[string, string, string | undefined]>([
    ['M/D/YYYY', '3/1/2017', '2017-03-01'],
    ['M/D/YYYY', '03/01/2017', '2017-03-01'],
    ['M/D/YYYY', '13/1/2017', undefined],
    ['M/D/YYYY', '2/29/2017', undefined],
    ['M/D/YYYY', '3/1/17', undefined],
    ['MM/DD/YYYY', '3/1/2017', undefined],
    ['D.M.YYYY', '1.3.2017', '2017-03-01'],
    ['D.M.YYYY', '1x3x2017', undefined],
    ['YYYYMMDD', '20170301', '2017-03-01'],
    ['D MMM YYYY', '1 Mar 2017', '2017-03-01'],
    ['D MMM YYYY', '1 sept. 2017', '2017-09-01'],
    ['D MMM YYYY', '1 March 2017', '2017-03-01'],
    ['D MMM YYYY', '1 Mai 2017', undefined],
    ['MMM D, YYYY', 'May 31, 2017', '2017-05-31'],
    ['D-MMM-YY', '1-Mar-69', '2069-03-01'],
    ['D-MMM-YY', '1-Mar-70', '1970-03-01'],
    ['ddd, D MMM YYYY', 'Wed, 1 Mar 2017', '2017-03-01'],
    ['M/D/YYYY H:mm', '3/1/2017 9:05', '2017-03-01T09:05:00'],
    ['M/D/YYYY H:mm', '3/1/2017 24:05', undefined],
    ['M/D/YYYY[ H:mm[:ss[.S]]]', '3/1/2017', '2017-03-01'],
    ['M/D/YYYY[ H:mm[:ss[.S]]]', '3/1/2017 9:05:07.25', '2017-03-01T09:05:07.25'],
    ['M/D/YYYY h:mm A', '3/1/2017 12:05 am', '2017-03-01T00:05:00'],
    ['M/D/YYYY h:mm A', '3/1/2017 12:05 P.M.', '2017-03-01T12:05:00'],
    ['M/D/YYYY h:mm A', '3/1/2017 1:05 PM', '2017-03-01T13:05:00'],
    ['M/D/YYYY h:mm A', '3/1/2017 13:05 PM', undefined],
    ['M/D/YYYY h:mm A', '3/1/2017 0:05 AM', undefined],
    ['YYYY-MM-DDTHH:mm:ssZ', '2017-03-01T10:00:00+02:00', '2017-03-01T10:00:00+02:00'],
    ['YYYY-MM-DDTHH:mm:ss[Z]', '2017-03-01T10:00:00', '2017-03-01T10:00:00'],
    ['D/M/YYYY', '1/3/2017'.padEnd(101), undefined],
    ['iso', '2017-03-01', '2017-03-01'],
    ['iso', '2017-03-01 10:00', '2017-03-01T10:00:00'],
    ['iso', '2017-03-01T10:00:07,5Z', '2017-03-01T10:00:07.5Z'],
    ['iso', '2017-03-01t10:00:07z', '2017-03-01T10:00:07z'],
    ['iso', '2017-02-30', undefined],
    ['iso', '1.3.2017', undefined],
  ])('%s reads %j as %j', (pattern, text, expected) => {
    expect(compileDatePattern(pattern)?.read(text)).toBe(expected);
  });

  test.each([
    '',
    'MM/QQ/YYYY',
    'M/D',
    'D/YYYY',
    'M/D/YYYY/YY',
    'M/M/D/YYYY',
    'M/D/YYYY H',
    'M/D/YYYY mm',
    'M/D/YYYY[',
    'M/D]/YYYY[',
    'M/D/YYYY A',
    'yesterday',
  ])('%j is none', (pattern) => {
    expect(compileDatePattern(pattern)).toBeUndefined();
  });

  test('whatever the pattern and text, the answer is a day that exists, or nothing', () => {
    const pieces = fc.constantFrom(
      'YYYY',
      'YY',
      'M',
      'MM',
      'MMM',
      'D',
      'DD',
      'H',
      'h',
      'mm',
      'ss',
      'S',
      'A',
      'Z',
      '[',
      ']',
      ' ',
      '/',
      '.',
      '-',
      'T',
      '(',
      '\\',
      '*',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), fc.string({ maxLength: 30 }), (parts, text) => {
        const read = compileDatePattern(parts.join(''))?.read(text);
        expect(read === undefined || !Number.isNaN(Date.parse(read.slice(0, 10)))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('seconds and milliseconds since 1970', () => {
  test.each<[string, string, string | undefined]>([
    ['epoch_seconds', '1488371400', '2017-03-01T12:30:00.000Z'],
    ['epoch_seconds', '1488371400.25', '2017-03-01T12:30:00.250Z'],
    ['epoch_seconds', '1489400000.1234', '2017-03-13T10:13:20.123400Z'],
    ['epoch_seconds', '1489400000.123100', '2017-03-13T10:13:20.123100Z'],
    ['epoch_seconds', '1489400000.123456999', '2017-03-13T10:13:20.123456Z'],
    ['epoch_seconds', '-0.0000005', '1969-12-31T23:59:59.999999Z'],
    ['epoch_seconds', '-0.000001', '1969-12-31T23:59:59.999999Z'],
    ['epoch_milliseconds', '-1', '1969-12-31T23:59:59.999Z'],
    ['epoch_milliseconds', '1489400000123.0019', '2017-03-13T10:13:20.123001Z'],
    ['epoch_milliseconds', '253402300799999.999999999', '9999-12-31T23:59:59.999999Z'],
    ['epoch_milliseconds', '253402300800000', undefined],
    ['epoch_milliseconds', '-62135596800000', '0001-01-01T00:00:00.000Z'],
    ['epoch_milliseconds', '-62135596800000.001', undefined],
    ['epoch_seconds', '99999999999999999', undefined],
    ['epoch_seconds', '2017-03-01', undefined],
  ])('%s reads %j as %j', (format, text, expected) => {
    expect(compileInstantFormat(format)?.read(text)).toBe(expected);
  });

  test('are formats beside the patterns', () => {
    expect(compileInstantFormat('M/D/YYYY')?.read('3/1/2017')).toBe('2017-03-01');
    expect(compileInstantFormat('toString')).toBeUndefined();
  });
});

describe('detection', () => {
  test.each<[readonly string[], string]>([
    [['10/20/2016', '3/1/2017'], 'M/D/YYYY'],
    [['20/10/2016', '3/1/2017'], 'D/M/YYYY'],
    [['1.3.2017'], 'D.M.YYYY'],
    [['2017-03-01', '2017-03-02T10:00:00Z'], 'iso'],
    [['2017-3-1'], 'YYYY-M-D'],
    [['3/13/2017 1:04 PM', '3/1/2017 12:00:01 am'], 'M/D/YYYY h:mm[:ss][ ]A'],
    [['May 2, 2017'], 'MMM D, YYYY'],
    [['1-Mar-17'], 'D-MMM-YY'],
    [[' 10/20/2016 ', '', 'n/a', '10/21/2016'], 'M/D/YYYY'],
    [['1.3.2017', '2.3.2017', '2017-03-01'], 'D.M.YYYY'],
  ])('of %j finds %s', (values, pattern) => {
    expect(detectDates(values)).toEqual({ kind: 'found', pattern });
  });

  test.each<[readonly string[]]>([[[]], [['a', 'b', '3/13/2017']], [['17', '18']]])('of %j finds no dates', (values) => {
    expect(detectDates(values)).toEqual({ kind: 'none' });
  });

  test('finds columns that can be read in two ways', () => {
    expect(detectDates(['1/1/2017', '3/1/2017'])).toEqual({
      kind: 'ambiguous',
      example: '3/1/2017',
      readings: [
        { pattern: 'M/D/YYYY', reading: '2017-03-01' },
        { pattern: 'D/M/YYYY', reading: '2017-01-03' },
      ],
    });
    expect(detectDates(['1/1/2017'])).toMatchObject({ kind: 'ambiguous' });
    expect(detectDates(['13/1/2017', '1/14/2017', '2/1/2017'])).toMatchObject({ kind: 'ambiguous', example: '2/1/2017' });
    // One order reads more of them: the other still reads one that it does not.
    expect(detectDates(['13/1/2017', '1/14/2017', '1/15/2017', '2/1/2017'])).toMatchObject({ kind: 'ambiguous', example: '2/1/2017' });
  });

  test.each(['-', '/', '.'])('two digits of a year may stand at either end, with %s between', (sign) => {
    const column = (...days: string[]): string[] => days.map((day) => day.replaceAll('-', sign));
    expect(detectDates(column('24-11-30', '24-12-31', '25-01-15'))).toEqual({
      kind: 'ambiguous',
      example: column('24-11-30')[0],
      readings: [
        { pattern: column('D-M-YY')[0], reading: '2030-11-24' },
        { pattern: column('YY-M-D')[0], reading: '2024-11-30' },
      ],
    });
    expect(detectDates(column('24-11-30', '98-12-31'))).toEqual({ kind: 'found', pattern: column('YY-M-D')[0] });
    expect(detectDates(column('24-11-30', '31-12-98'))).toEqual({ kind: 'found', pattern: column('D-M-YY')[0] });
    expect(detectDates(column('24-11-30', '1-12-24'))).toEqual({ kind: 'found', pattern: column('D-M-YY')[0] });
    expect(detectDates(column('24-11-30', '98-12-31', '31-12-98'))).toMatchObject({ kind: 'ambiguous' });
  });

  test('days of three orders are told with all three, those of two as far as they can be read', () => {
    expect(detectDates(['05/04/03'])).toMatchObject({
      readings: [
        { pattern: 'M/D/YY', reading: '2003-05-04' },
        { pattern: 'D/M/YY', reading: '2003-04-05' },
        { pattern: 'YY/M/D', reading: '2005-04-03' },
      ],
    });
    expect(detectDates(['12/31/17', '05/04/03'])).toEqual({ kind: 'found', pattern: 'M/D/YY' });
    expect(detectDates(['25/04/03', '26/04/03', '05/04/98', '12/31/98', '98/01/02'])).toMatchObject({
      example: '25/04/03',
      readings: [
        { pattern: 'D/M/YY', reading: '2003-04-25' },
        { pattern: 'YY/M/D', reading: '2025-04-03' },
      ],
    });
  });

  const days = (from: string, count: number, every = 1): string[] =>
    Array.from({ length: count }, (_, index) => new Date(Date.parse(from) + index * every * 86_400_000).toISOString().slice(2, 10));

  test('days of all sorts in few years are found by that, whichever end the year stands at', () => {
    const year = days('2024-02-27', 400);
    const turned = year.map((day) => day.split('-').reverse().join('.'));
    expect(detectDates(year)).toEqual({ kind: 'found', pattern: 'YY-M-D' });
    expect(detectDates([...turned, 'soon'])).toEqual({ kind: 'found', pattern: 'D.M.YY' });
    expect(detectDates([...year, '31-12-98', '98-12-31'])).toMatchObject({ kind: 'ambiguous' });
  });

  test('one value that is no date does not hide those before it, wherever it stands', () => {
    const year = days('2024-02-27', 300).map((day) => `20${day.replaceAll('-', '/')}`);
    for (const place of [0, 99, 100, 101, 299])
      expect(detectDates(year.with(place, 'soon'))).toEqual({ kind: 'found', pattern: 'YYYY/M/D' });
  });

  test('the first of every month but February is asked for thirty years: none tells that the years are no days', () => {
    const years = Array.from({ length: 30 }, (_, index) => String(index + 1).padStart(2, '0'));
    const months = ['01', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12'];
    expect(detectDates(years.flatMap((year) => months.map((month) => `${year}-${month}-01`)))).toMatchObject({
      kind: 'ambiguous',
      readings: [{ pattern: 'D-M-YY' }, { pattern: 'YY-M-D' }],
    });
  });

  test('a series of the same days is asked, however long it is', () => {
    const years = Array.from({ length: 31 }, (_, year) => String(year + 1).padStart(2, '0'));
    const ends = years.map((year) => `31-12-${year}`);
    expect(detectDates(ends)).toMatchObject({ kind: 'ambiguous' });
    const quarters = years.slice(0, 30).flatMap((year) => [`31-03-${year}`, `30-06-${year}`, `30-09-${year}`, `31-12-${year}`]);
    expect(detectDates(quarters)).toMatchObject({ kind: 'ambiguous' });
    const months = years.flatMap((year) => Array.from({ length: 12 }, (_, month) => `15-${String(month + 1).padStart(2, '0')}-${year}`));
    expect(detectDates(months)).toEqual({ kind: 'found', pattern: 'D-M-YY' });
  });

  test('one value that fits better decides, and values that fit nothing do not', () => {
    expect(detectDates(['3/1/2017', '4/1/2017', '13/1/2017'])).toEqual({ kind: 'found', pattern: 'D/M/YYYY' });
    expect(detectDates(['3/1/2017', '4/1/2017', 'soon', '1/13/2017'])).toEqual({ kind: 'found', pattern: 'M/D/YYYY' });
  });

  test('looks at a bounded number of values', () => {
    const days = Array.from({ length: 20_000 }, (_, day) => new Date(day * 86_400_000).toISOString().slice(0, 10));
    expect(detectDates(days)).toEqual({ kind: 'found', pattern: 'iso' });
  });
});

describe('a zone', () => {
  const berlin = compileZone('Europe/Berlin');

  test.each<[string, string | undefined]>([
    ['2017-03-01T12:30:00', '2017-03-01T11:30:00Z'],
    ['2017-07-01T12:30:00.25', '2017-07-01T10:30:00.25Z'],
    ['2017-07-01', '2017-06-30T22:00:00Z'],
    ['2017-03-26T01:59:59', '2017-03-26T00:59:59Z'],
    ['2017-03-26T02:30:00', '2017-03-26T01:30:00Z'],
    ['2017-10-29T02:30:00', '2017-10-29T00:30:00Z'],
    ['2017-10-29T03:30:00', '2017-10-29T02:30:00Z'],
    ['1800-01-01T00:00:00', '1799-12-31T23:06:32Z'],
    ['0001-01-01', '0000-12-31T23:06:32Z'],
    ['2017-03-01T12:30:00Z', undefined],
    ['2017-02-30T25:30:00', undefined],
    ['noon', undefined],
  ])('of Berlin has %s as %s', (local, utc) => {
    expect(berlin(local)).toBe(utc);
  });

  test('keeps what it found within bounds', () => {
    const utc = compileZone('UTC');
    for (let minute = 0; minute < 25_000; minute += 1) {
      const instant = new Date(minute * 60_000).toISOString().slice(0, 19);
      if (utc(instant) !== `${instant}Z`) throw new Error(instant);
    }
  });

  test('is one that the runtime knows', () => {
    expect(isZone('America/New_York')).toBe(true);
    expect(isZone('Europe/Berlinn')).toBe(false);
  });

  test('law: what Intl shows for the answer is the local time that was asked for, but in the hour that a clock change leaves out', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Pacific/Apia'];
    const readers = new Map(zones.map((zone) => [zone, compileZone(zone)]));
    const formats = new Map(
      zones.map((zone) => [zone, new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })]),
    );
    const millis = fc.integer({ min: Date.UTC(1980, 0, 1), max: Date.UTC(2030, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...zones), millis, (zone, milliseconds) => {
        const shown = formats.get(zone)?.format(milliseconds).replace(' ', 'T') ?? '';
        const utc = readers.get(zone)?.(shown) ?? '';
        expect(formats.get(zone)?.format(new Date(utc)).replace(' ', 'T')).toBe(shown);
        expect(Date.parse(utc)).toBeLessThanOrEqual(milliseconds);
      }),
      { numRuns: 200 },
    );
  });
});
