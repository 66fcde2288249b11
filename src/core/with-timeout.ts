/**
 * Settles as the promise does, or after `ms` milliseconds with what `onTimeout` returns or throws.
 * A timeout does not stop the work behind the promise; its late result is ignored.
 */
export function withTimeout<Value, Late>(
  ms: number,
  promise: Promise<Value>,
  onTimeout: () => Late,
): Promise<Value | Late> {
  return new Promise<Value | Late>((resolve, reject) => {
    const timer = setTimeout(() => void Promise.resolve().then(onTimeout).then(resolve, reject), ms);
    void promise.then(resolve, reject).then(() => clearTimeout(timer));
  });
}
