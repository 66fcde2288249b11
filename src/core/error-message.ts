/** The message of a caught value, which may be of any type. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same on one line: the messages of LMDB have several. */
export function errorLine(error: unknown): string {
  return errorMessage(error)
    .trim()
    .replace(/\s*\n\s*/g, ', ');
}
