export type * from './pub-sub.ts';
