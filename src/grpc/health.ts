import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { SERVICE_NAME } from './method-scopes';

/** The service names that health is reported for: the server as a whole, and the session service. */
const SERVICES = ['', SERVICE_NAME];

/** `grpc.health.v1.Health` (Check, List, Watch): NOT_SERVING until `set`. */
export class Health {
  private readonly implementation: HealthImplementation;

  /** @param always names that are SERVING as long as the process runs */
  constructor(always: readonly string[] = []) {
    this.implementation = new HealthImplementation({
      ...Object.fromEntries(SERVICES.map((service) => [service, 'NOT_SERVING' as const])),
      ...Object.fromEntries(always.map((service) => [service, 'SERVING' as const])),
    });
  }

  addToServer(server: Server): void {
    this.implementation.addToServer(server);
  }

  set(serving: boolean): void {
    for (const service of SERVICES)
      this.implementation.setStatus(service, serving ? 'SERVING' : 'NOT_SERVING');
  }
}
