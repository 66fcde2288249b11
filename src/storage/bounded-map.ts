/** A map with a maximum size. It evicts the entry that was set longest ago. */
export class BoundedMap<Value> {
  private readonly values = new Map<string, Value>();

  /** @param capacity the maximum number of entries */
  constructor(private readonly capacity: number) {}

  get(key: string): Value | undefined {
    return this.values.get(key);
  }

  set(key: string, value: Value): void {
    // Delete it first, so that it moves to the end of the map's order.
    this.values.delete(key);
    this.values.set(key, value);
    if (this.values.size <= this.capacity) return;
    for (const oldest of this.values.keys()) {
      this.values.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    this.values.delete(key);
  }

  clear(): void {
    this.values.clear();
  }
}
