/** The environment of the process: read here, at the edge, and handed on. */
// biome-ignore lint/style/noProcessEnv: the one place of this program that reads it
export const environment: Readonly<Record<string, string | undefined>> = process.env;
