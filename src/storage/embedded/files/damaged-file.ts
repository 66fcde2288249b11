/** A file of the store is damaged, or is not the store's. The message starts with what is wrong. */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile';
}
