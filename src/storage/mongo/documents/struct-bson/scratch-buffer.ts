const INITIAL_BYTES = 64 * 1024;

/** A larger buffer is not kept: a few large payloads would occupy memory for good. */
const KEPT_BYTES = 1024 * 1024;

/** A growing buffer that is written from the start again after its content was taken. */
export abstract class ScratchBuffer {
  protected target = Buffer.allocUnsafe(INITIAL_BYTES);
  /** Bytes written so far. */
  protected end = 0;

  protected reserve(bytes: number): void {
    if (this.end + bytes > this.target.length) this.grow(this.end + bytes);
  }

  /** Returns what was written. The caller owns the bytes. */
  protected takeBytes(): Buffer {
    const { target, end } = this;
    this.end = 0;
    if (target.length > KEPT_BYTES) {
      this.target = Buffer.allocUnsafe(INITIAL_BYTES);
      return target.subarray(0, end);
    }
    const taken = Buffer.allocUnsafe(end);
    target.copy(taken, 0, 0, end);
    return taken;
  }

  private grow(bytes: number): void {
    const grown = Buffer.allocUnsafe(Math.max(bytes, 2 * this.target.length));
    this.target.copy(grown, 0, 0, this.end);
    this.target = grown;
  }
}
