import { type Operation, OPERATIONS, type Work } from './operations';

/** An operation for comparing two builds, and its load. */
export interface PairedOperation extends Pick<Operation, 'name' | 'storedEvents' | 'isExpectedReply'> {
  readonly call: Work['call'];
  readonly work: Work;
}

/** The first load, from many callers, of each operation that does not resend events. */
export const PAIRED_OPERATIONS: readonly PairedOperation[] = OPERATIONS.flatMap(
  ({ name, storedEvents, isExpectedReply, loads: [load] }) => {
    if (load === undefined || load.resend) return [];
    return [{ name, storedEvents, isExpectedReply, call: load.call, work: load }];
  },
);
