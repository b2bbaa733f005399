export { commandLinePage } from './command-line/reference-page.ts';
