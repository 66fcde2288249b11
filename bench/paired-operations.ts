import { type Operation, OPERATIONS, type Work } from './operations';

/** An operation that two builds are compared by, and its load. */
export interface PairedOperation extends Pick<Operation, 'name' | 'prepared' | 'isRight'> {
  readonly call: Work['call'];
  readonly work: Work;
}

/** Each call once, from many callers: of the rows of the whole bench the first of each, but for the duplicates. */
export const PAIRED_OPERATIONS: readonly PairedOperation[] = OPERATIONS.flatMap(
  ({ name, prepared, isRight, loads: [load] }) => {
    if (load === undefined || load.repeat) return [];
    return [{ name, prepared, isRight, call: load.call, work: load }];
  },
);
