/** Colours of a terminal, or none. */
export interface Styles {
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warning(text: string): string;
}

const styled = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const plain = (text: string): string => text;

export const stylesOf = ({ colour }: { readonly colour: boolean }): Styles =>
  colour
    ? { strong: styled(1), faint: styled(2), good: styled(32), bad: styled(31), warning: styled(33) }
    : { strong: plain, faint: plain, good: plain, bad: plain, warning: plain };
