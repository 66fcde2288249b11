/** The part of fs-native-extensions that this service uses. The package has no types. */
declare module 'fs-native-extensions' {
  /** Tries to lock a range of the file exclusively, for as long as the descriptor is open. Returns whether it succeeded. */
  export function tryLock(descriptor: number, offset: number, length: number): boolean;
}
