/** Passes lines on as they come, and keeps the last ones for an error. */
export interface LastLines {
  add(chunk: Buffer): void;
  last(): string;
}

const MAX_LINE = 10_000;
const KEPT_LINES = 5;
const KEPT_LENGTH = 500;

export function createLastLines(pass: (line: string) => void): LastLines {
  const decoder = new TextDecoder();
  const kept: string[] = [];
  let open = '';
  const take = (line: string): void => {
    if (line === '') return;
    pass(line);
    kept.push(line.slice(0, KEPT_LENGTH));
    if (kept.length > KEPT_LINES) kept.shift();
  };
  return {
    add(chunk) {
      open += decoder.decode(chunk, { stream: true });
      for (let end = open.indexOf('\n'); end !== -1; end = open.indexOf('\n')) {
        take(open.slice(0, Math.min(end, MAX_LINE)).replace(/\r$/, ''));
        open = open.slice(end + 1);
      }
      if (open.length > MAX_LINE) {
        take(open.slice(0, MAX_LINE));
        open = '';
      }
    },
    last() {
      take(open);
      open = '';
      return kept.join(' | ');
    },
  };
}
