/** A module of the driver that is not part of its public interface; only `driver-internals.ts` uses it. */
declare module 'mongodb/lib/cmap/commands.js' {
  /** The documents of a command, which the driver sends in a section of the message of their own. */
  export class DocumentSequence {
    constructor(field: string);
    /** @param document the driver only keeps it for command monitoring */
    push(document: unknown, bson: Uint8Array): number;
  }
}
