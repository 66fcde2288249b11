/** What a store tells of its own work, for whoever measures it. */
export interface StoreObserver {
  /** One durable write is done. @param events how many of all callers' events it stored; 0: it was about sessions alone */
  committed(events: number): void;

  /** Another server took the place in a log that this one wrote to. */
  appendConflict(): void;
}
