/** The part of fs-native-extensions that is used here; the package has no types of its own. */
declare module 'fs-native-extensions' {
  /** Whether an exclusive lock on the whole file was granted to this open file. */
  export function tryLock(descriptor: number): boolean;
}
