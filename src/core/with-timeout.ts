/** Waits for the end, and no longer than this many milliseconds. */
export async function noLongerThan(ms: number, end: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([end, limit]);
  clearTimeout(timer);
}
