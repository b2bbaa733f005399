/** A table with letters beyond ASCII, and what is read of it. */
export const CITIES = 'id,city\n1,Köln\n2,Łódź\n';
export const CITY_ROWS = [
  [2, ['1', 'Köln']],
  [3, ['2', 'Łódź']],
];
