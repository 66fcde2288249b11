import { status as Code } from '@grpc/grpc-js';
import type { AddEventResponse } from '../../generated/conversation/v1/session_service';
import { CallError } from './call-error';
import type { RpcClient } from './rpc-client';

/** Statuses after which a client retries. */
const RETRIED = new Set([Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.INTERNAL, Code.RESOURCE_EXHAUSTED]);

/** The acknowledged events of all senders. An event must have the same sequence in every response. */
export class Acknowledgements {
  /** Session ID → event ID → sequence. */
  readonly sequences = new Map<string, Map<string, number>>();
  /** Events acknowledged as new, which may happen only once each. */
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

/** A client that retries each event until it is acknowledged, and records the duration of each attempt. */
export class EventSender {
  /** The durations of attempts without a short deadline, in milliseconds. */
  readonly attemptMs: number[] = [];
  /** The number of these attempts that failed. */
  failures = 0;
  /** The number of attempts that failed because of a short deadline. */
  timedOut = 0;

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
        this.attemptMs.push(performance.now() - startedAt);
      }
    }
  }

  /** Sends an event with a short deadline, and then again without, whether or not the first attempt succeeded. */
  async sendWithDeadline(sessionId: string, eventId: string, deadlineMs: number): Promise<void> {
    const payload = { text: `what was said in ${eventId}` };
    const deadline = Date.now() + deadlineMs;
    try {
      this.acknowledgements.record(await this.client.addEvent({ sessionId, eventId, payload }, { deadline }));
    } catch (error) {
      if (!isRetried(error)) throw error;
      this.timedOut += 1;
    }
    await this.send(sessionId, eventId);
  }
}

function isRetried(error: unknown): boolean {
  return error instanceof CallError && RETRIED.has(error.code);
}
