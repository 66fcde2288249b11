/** The part of fs-native-extensions that this service uses. The package has no types. */
declare module 'fs-native-extensions' {
  /** Tries to lock the whole file exclusively. Returns whether it succeeded. */
  export function tryLock(descriptor: number): boolean;
}
