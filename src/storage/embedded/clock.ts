/** The current time, or `earliest` if the clock was set back behind it. */
export function notBefore(earliest: Date): Date {
  return new Date(Math.max(Date.now(), earliest.getTime()));
}
