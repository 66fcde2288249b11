/** Values by key, bounded: the one set longest ago goes first. */
export class BoundedMap<Value> {
  private readonly values = new Map<string, Value>();

  /** @param capacity values kept at most */
  constructor(private readonly capacity: number) {}

  get(key: string): Value | undefined {
    return this.values.get(key);
  }

  set(key: string, value: Value): void {
    // Anew, so that it goes to the end of the map's order.
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
}
