import { invalidRequest, type Violation } from '../errors';

/** Collects all violations in a request, so that the caller sees them at once. */
export class Violations {
  private readonly found: Violation[] = [];
  /** Fields whose value could not be read, so that further violations would be misleading. */
  private readonly unread = new Set<string>();

  /** @param field the path in the request; @param description the rule, as in `must be …` */
  add(field: string, description: string): void {
    if (!this.unread.has(field)) this.found.push({ field, description });
  }

  /** Like `add`, for a field whose value could not be read. Later violations of the field are dropped. */
  addUnread(field: string, description: string): void {
    this.add(field, description);
    this.unread.add(field);
  }

  /**
   * Adds a violation in the field's value, which could not be read correctly. Later violations of the
   * field are dropped.
   *
   * @param inside the place in the value, such as `.a[2]`
   */
  addInside(field: string, inside: string, description: string): void {
    this.found.push({ field, inside, description });
    this.unread.add(field);
  }

  has(field: string): boolean {
    return this.found.some((violation) => violation.field === field);
  }

  throwIfAny(): void {
    if (this.found.length > 0) throw invalidRequest(this.found);
  }
}
