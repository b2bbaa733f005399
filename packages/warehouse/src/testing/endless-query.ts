/** Takes hours, at any time of which it can be interrupted. */
export const ENDLESS_QUERY = 'select count(*) from range(1000000000000) numbers where hash(range) % 7 = 3';
