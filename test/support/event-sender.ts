import { status as Code } from '@grpc/grpc-js';
import type { AddEventResponse } from '../../generated/conversation/v1/session_service';
import { CallError } from './call-error';
import type { RpcClient } from './rpc-client';

/** Statuses after which a client retries. */
const RETRIED = new Set([Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.INTERNAL, Code.RESOURCE_EXHAUSTED]);

/** What all senders received: each event's sequence, which must be the same in every response. */
export class Acknowledgements {
  /** Session id to event id to sequence. */
  readonly sequences = new Map<string, Map<string, number>>();
  /** Events acknowledged as new; each may be so once. */
  private readonly fresh = new Set<string>();

  record({ event, duplicate }: AddEventResponse): void {
    if (event === undefined) throw new Error('an acknowledged append has no event');
    const { sessionId, eventId, sequence } = event;
    const log = this.sequences.get(sessionId) ?? new Map<string, number>();
    this.sequences.set(sessionId, log);
    const before = log.get(eventId) ?? sequence;
    if (before !== sequence)
      throw new Error(`${eventId} of ${sessionId} was acknowledged at ${before} and at ${sequence}`);
    log.set(eventId, sequence);
    if (duplicate) return;
    const name = `${sessionId}/${eventId}`;
    if (this.fresh.has(name)) throw new Error(`${eventId} of ${sessionId} was acknowledged as new twice`);
    this.fresh.add(name);
  }
}

/** A client that retries an event until it is acknowledged, and records how long each attempt took. */
export class EventSender {
  /** Milliseconds of each attempt without a short deadline. */
  readonly waits: number[] = [];
  /** How many of those failed. */
  failures = 0;
  /** How many attempts failed because of a short deadline. */
  cut = 0;

  constructor(
    private readonly client: RpcClient,
    private readonly acknowledgements: Acknowledgements,
  ) {}

  async send(sessionId: string, eventId: string): Promise<void> {
    const payload = { text: `what was said in ${eventId}` };
    for (;;) {
      const startedAt = performance.now();
      try {
        this.acknowledgements.record(await this.client.addEvent({ sessionId, eventId, payload }));
        return;
      } catch (error) {
        if (!isRetried(error)) throw error;
        this.failures += 1;
      } finally {
        this.waits.push(performance.now() - startedAt);
      }
    }
  }

  /** Sends with a short deadline, whether or not the event is stored by then, and then sends it again. */
  async sendImpatiently(sessionId: string, eventId: string, deadlineMs: number): Promise<void> {
    const payload = { text: `what was said in ${eventId}` };
    const deadline = Date.now() + deadlineMs;
    try {
      this.acknowledgements.record(await this.client.addEvent({ sessionId, eventId, payload }, { deadline }));
    } catch (error) {
      if (!isRetried(error)) throw error;
      this.cut += 1;
    }
    await this.send(sessionId, eventId);
  }
}

function isRetried(error: unknown): boolean {
  return error instanceof CallError && RETRIED.has(error.code);
}
