import { status as Code } from '@grpc/grpc-js';
import type { AddEventResponse } from '../../generated/conversation/v1/session_service';
import { CallError } from './call-error';
import type { RpcClient } from './rpc-client';

/** Ends of a call after which a client sends the same again. */
const PASSING = new Set([Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.INTERNAL, Code.RESOURCE_EXHAUSTED]);

/** What all senders were told: each event's place, which must be the same in every answer. */
export class Acknowledgements {
  /** Session id to event id to sequence. */
  readonly sequences = new Map<string, Map<string, number>>();
  /** Events that were answered as new; each may be so once. */
  private readonly fresh = new Set<string>();

  record({ event, duplicate }: AddEventResponse): void {
    if (event === undefined) throw new Error('an event was acknowledged without an answer');
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

/** A client that sends an event until it is acknowledged, and keeps how long each try took. */
export class EventSender {
  /** Milliseconds of each try that was given the time that it needs. */
  readonly waits: number[] = [];
  /** Tries that failed though they had it. */
  failures = 0;
  /** Tries that were given too little time, and failed for it. */
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
        if (!isPassing(error)) throw error;
        this.failures += 1;
      } finally {
        this.waits.push(performance.now() - startedAt);
      }
    }
  }

  /** Hangs up early, whether or not the event is stored by then, and sends it again. */
  async sendImpatiently(sessionId: string, eventId: string, patienceMs: number): Promise<void> {
    const payload = { text: `what was said in ${eventId}` };
    const deadline = Date.now() + patienceMs;
    try {
      this.acknowledgements.record(await this.client.addEvent({ sessionId, eventId, payload }, { deadline }));
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.cut += 1;
    }
    await this.send(sessionId, eventId);
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof CallError && PASSING.has(error.code);
}
