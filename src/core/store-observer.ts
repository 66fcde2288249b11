import type { UnreadableRowError } from './unreadable-row';

/** Receives a store's measurements. */
export interface StoreObserver {
  /** A durable write has finished. @param events how many events it stored, of all callers; 0 if it changed only sessions */
  committed(events: number): void;

  /** Another server stored an event at the sequence that this server tried to write. */
  appendConflict(): void;

  /** A list or a sweep passes over this row. */
  unreadableRow(error: UnreadableRowError): void;
}
