import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import {
  WatchSessionRequest,
  WatchSessionResponse,
} from '../../../generated/conversation/v1/session_service';
import type { Grant } from '../../security/authorizer';
import {
  cancelled,
  ConversationError,
  internalError,
  shuttingDown,
  streamAged,
  tokenRevoked,
} from '../../core/errors';
import { RequestContext } from '../../core/request-context';
import type { Store } from '../../core/store';
import { watchSession, type WatchUpdate } from '../../core/use-cases/watch-session';
import { encodeMessage } from '../../protobuf/encode-message';
import { type CallRecord, CallRecords } from './call-record';
import type { CallSettings } from './call-settings';
import { decodeRequest } from '../messages/decode-request';
import { watchedEvent } from '../messages/event-responses';
import { toSessionMessage } from '../messages/session-messages';
import { grantFor } from '../method-scopes';
import { toCallStatus } from '../status';

/** WatchSession: writes each update when the client has room for it, and reads on only then. */
export function watchStream(store: Store, settings: CallSettings): handleServerStreamingCall<Buffer, Buffer> {
  const records = new CallRecords('server_stream', 'WatchSession', settings.telemetry);
  return (call) => {
    const record = records.begin(call);
    void record.run(() => new WatchStream(call, record, store, settings).run());
  };
}

class WatchStream {
  private readonly context: RequestContext;
  private readonly age: NodeJS.Timeout;
  private grant: Grant | undefined;
  private readonly onDrain = (): void => this.stop(shuttingDown());
  private readonly onRevoked = (): void => this.stop(tokenRevoked());
  /** Why the stream is ended before the watch has ended. */
  private ending: ConversationError | undefined;
  /** Whether it has come to its end, by itself or by failure. */
  private done = false;
  private closed = false;
  private told = 0;
  private resumeWriting: (() => void) | undefined;

  constructor(
    private readonly call: ServerWritableStream<Buffer, Buffer>,
    private readonly record: CallRecord,
    private readonly store: Store,
    private readonly settings: CallSettings,
  ) {
    // The library ends the call at its deadline.
    this.context = new RequestContext(Number(call.getDeadline()));
    record.received();
    this.age = setTimeout(() => this.stop(streamAged()), settings.maxStreamAgeMs);
  }

  async run(): Promise<void> {
    this.settings.calls.begin(this.onDrain);
    this.settings.telemetry.metrics.watching(1);
    this.call.on('drain', () => this.resumeWriting?.());
    // It comes when the stream closes, in whatever way.
    this.call.once('cancelled', () => this.close());
    if (this.settings.calls.refusing) this.stop(shuttingDown());
    let failure: ConversationError | undefined;
    try {
      this.grant = grantFor('WatchSession', this.call.metadata, this.settings.authorizer);
      this.record.caller = this.grant.caller;
      this.grant.onRevoked(this.onRevoked);
      const request = decodeRequest(WatchSessionRequest, this.call.request);
      for await (const update of watchSession(this.store, request, this.context)) {
        if (this.closed) break;
        this.told += 1;
        this.record.sent();
        if (!this.call.write(this.encode(update))) await this.untilWritable();
      }
    } catch (error) {
      failure = error instanceof ConversationError ? error : internalError(error);
    }
    if (this.closed) return;
    this.ending ??= failure;
    this.done = true;
    if (this.ending === undefined) this.call.end();
    else this.call.emit('error', toCallStatus(this.ending));
  }

  private encode(update: WatchUpdate): Buffer {
    switch (update.kind) {
      case 'event':
        return encodeMessage(watchedEvent, update.event);
      case 'caughtUp':
        return encodeMessage(WatchSessionResponse, {
          update: { $case: 'caughtUp', value: { sequence: update.sequence } },
        });
      case 'session': {
        const session = toSessionMessage(update.session, this.settings.retentionMs);
        return encodeMessage(WatchSessionResponse, { update: { $case: 'session', value: session } });
      }
    }
  }

  /** The watch ends where it is, and the stream so. */
  private stop(error: ConversationError): void {
    this.ending ??= error;
    this.context.cancel();
    this.resumeWriting?.();
  }

  private close(): void {
    this.closed = true;
    clearTimeout(this.age);
    this.context.cancel();
    this.resumeWriting?.();
    this.settings.calls.end(this.onDrain);
    this.grant?.offRevoked(this.onRevoked);
    this.settings.telemetry.metrics.watching(-1);
    this.record.end(this.done ? this.ending : cancelled(), { updates: this.told });
  }

  private untilWritable(): Promise<void> {
    if (this.closed || this.ending !== undefined) return Promise.resolve();
    return new Promise((resolve) => (this.resumeWriting = resolve));
  }
}
