export type LabelValues<Label extends string> = Readonly<Record<Label, string>>;

export interface SeriesTable<Series> {
  find(labels: LabelValues<string> | undefined): Series;
  entries(): readonly { readonly labels: LabelValues<string>; readonly series: Series }[];
}

/** More label values than this share one series with the value `other`: a metric cannot fill the memory. */
export const MAXIMUM_SERIES = 1_000;

/** The series of one metric by the values of its labels. */
export function createSeriesTable<Series>(names: readonly string[], create: () => Series): SeriesTable<Series> {
  const series = new Map<string, { readonly labels: LabelValues<string>; readonly series: Series }>();

  const add = (key: string, labels: LabelValues<string>): Series => {
    const entry = { labels, series: create() };
    series.set(key, entry);
    return entry.series;
  };
  const find = (labels: LabelValues<string>): Series => {
    let key = '';
    for (const name of names) key += `${labels[name]}\u0000`;
    const known = series.get(key);
    if (known !== undefined) return known.series;
    if (series.size < MAXIMUM_SERIES)
      return add(
        key,
        pick(names, (name) => labels[name] ?? ''),
      );
    return (
      series.get('other')?.series ??
      add(
        'other',
        pick(names, () => 'other'),
      )
    );
  };
  // A metric without labels has one series, which shows as 0 from the start.
  if (names.length === 0) add('', {});

  return { find: (labels = {}) => find(labels), entries: () => [...series.values()] };
}

const pick = (names: readonly string[], value: (name: string) => string): LabelValues<string> =>
  Object.fromEntries(names.map((name) => [name, value(name)]));
