const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;

export type Colour = keyof typeof CODES;

/** Adds a colour to the text, or returns it unchanged. */
export type Paint = (colour: Colour, text: string) => string;

/** Uses colours only in a terminal, and only if NO_COLOR is unset or empty. */
export function paintFor(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): Paint {
  const { NO_COLOR: noColour = '', TERM: terminal } = environment;
  if (stream.isTTY !== true || noColour !== '' || terminal === 'dumb') return (_, text) => text;
  return (colour, text) => `\x1b[${CODES[colour]}m${text}\x1b[0m`;
}
