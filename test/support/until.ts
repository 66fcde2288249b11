/** Polls until the function returns a value other than undefined, and returns it. @throws after the time limit */
export async function until<Value>(
  condition: string,
  poll: () => Value | undefined | Promise<Value | undefined>,
  limitMs = 10_000,
): Promise<Value> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await poll();
    if (value !== undefined) return value;
    if (performance.now() > deadline)
      throw new Error(`timed out after ${limitMs} ms waiting until ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
