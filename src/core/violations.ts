import { invalidRequest, type Violation } from './errors';

/** Collects every broken rule of a request, so that its caller learns them all at once. */
export class Violations {
  private readonly found: Violation[] = [];

  /** @param field the path in the request; @param description what would be right, to follow the path */
  add(field: string, description: string): void {
    this.found.push({ field, description });
  }

  throwIfAny(): void {
    if (this.found.length > 0) throw invalidRequest(this.found);
  }
}
