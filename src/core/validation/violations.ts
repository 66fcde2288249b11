import { invalidRequest, type Violation } from '../errors';

/** Collects every broken rule of a request, so that its caller learns them all at once. */
export class Violations {
  private readonly found: Violation[] = [];
  /** Fields that have no value which more could be said of. */
  private readonly unread = new Set<string>();

  /** @param field the path in the request; @param description what would be right, to follow the path */
  add(field: string, description: string): void {
    if (!this.unread.has(field)) this.found.push({ field, description });
  }

  /** As `add`, for a field whose value could not be read: nothing more is taken of it. */
  addUnread(field: string, description: string): void {
    this.add(field, description);
    this.unread.add(field);
  }

  throwIfAny(): void {
    if (this.found.length > 0) throw invalidRequest(this.found);
  }
}
