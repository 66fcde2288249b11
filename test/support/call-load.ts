import { type ClientUnaryCall, type ServiceError, status as Code } from '@grpc/grpc-js';
import { EventRefused, type IngestClient } from '../../docs/examples/ingest-client';
import { SessionStatus } from '../../generated/conversation/v1/session';
import type { SessionServiceClient } from '../../generated/conversation/v1/session_service';
import { Acknowledgements } from './event-sender';

type NewEvent = Parameters<IngestClient['add']>[0];
type Callback<Response> = (error: ServiceError | null, response: Response) => void;

/** Takes a while to send: a server that shuts down has received some of these requests partially. */
const LARGE = 'x'.repeat(300_000);

/** Makes calls continuously through one client. Records failures; sends an event again if its call failed. */
export class CallLoad {
  readonly acknowledgements = new Acknowledgements();
  /** One line per failure. */
  readonly failures: string[] = [];
  /** The number of calls that succeeded. */
  answered = 0;
  private readonly failed: NewEvent[] = [];
  private sent = 0;
  private stopped = false;

  constructor(
    private readonly client: SessionServiceClient,
    private readonly sessionIds: readonly string[],
  ) {}

  /** Makes calls until `stop`; resolves when all are answered. */
  async run(ingest: IngestClient): Promise<void> {
    const loops = [
      ...Array.from({ length: 12 }, () => () => this.add()),
      ...Array.from({ length: 4 }, () => () => this.add(LARGE)),
      ...Array.from({ length: 2 }, () => () => this.create()),
      ...Array.from({ length: 2 }, () => () => this.read()),
      ...Array.from({ length: 8 }, () => () => this.ingest(ingest)),
    ];
    await Promise.all(loops.map((call) => this.repeat(call)));
  }

  stop(): void {
    this.stopped = true;
  }

  private async repeat(call: () => Promise<void>): Promise<void> {
    while (!this.stopped || this.failed.length > 0) {
      try {
        await call();
        this.answered += 1;
      } catch (error) {
        this.failures.push(describeError(error));
      }
    }
  }

  private async add(padding = ''): Promise<void> {
    const event = this.failed.shift() ?? this.nextEvent(padding);
    try {
      this.acknowledgements.record(await promised((callback) => this.client.addEvent(event, callback)));
    } catch (error) {
      this.failed.push(event);
      throw error;
    }
  }

  private async ingest(ingest: IngestClient): Promise<void> {
    this.acknowledgements.record(await ingest.add(this.nextEvent()));
  }

  private async create(): Promise<void> {
    const sessionId = `created-${this.sent++}`;
    const session = { sessionId, language: 'en', status: SessionStatus.SESSION_STATUS_ACTIVE, metadata: {} };
    const { session: created } = await promised<{ session: { sessionId: string } | undefined }>((callback) =>
      this.client.createSession(session, callback),
    );
    if (created?.sessionId !== sessionId) throw new Error(`${sessionId} was not created`);
  }

  private async read(): Promise<void> {
    const sessionId = this.sessionIds[this.sent++ % this.sessionIds.length] ?? '';
    await promised((callback: Callback<unknown>) =>
      this.client.getSession({ sessionId, offset: 0, limit: 10 }, callback),
    );
  }

  private nextEvent(padding = ''): NewEvent {
    const number = this.sent++;
    return {
      sessionId: this.sessionIds[number % this.sessionIds.length] ?? '',
      eventId: `event-${number}`,
      type: 'transcript',
      payload: { text: `what was said in event ${number}${padding}` },
    };
  }
}

function promised<Response>(start: (callback: Callback<Response>) => ClientUnaryCall): Promise<Response> {
  return new Promise((resolve, reject) => {
    start((error, response) => {
      if (error === null) resolve(response);
      else reject(error);
    });
  });
}

function describeError(error: unknown): string {
  if (error instanceof EventRefused) return `refused: ${error.message}`;
  if (error instanceof Error && 'code' in error) return `${Code[Number(error.code)]}: ${error.message}`;
  return String(error);
}
