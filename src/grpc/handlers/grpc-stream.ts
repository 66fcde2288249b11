import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import type { Interceptor, StreamCall } from '../../calls/call';
import { asConversationError, cancelled, type ConversationError } from '../../core/errors';
import { toCallStatus } from '../status';
import type { CallRecords } from './call-record';
import { GrpcCall } from './grpc-call';
import type { OpenCalls } from './open-calls';

/** A streaming grpc-js call: written to no faster than its client reads. */
export class GrpcStream extends GrpcCall implements StreamCall {
  /** Called when the stream is to end before its work has ended. */
  onAbort: ((reason: ConversationError) => void) | undefined;
  /** Called when the client has disconnected, and after the stream has ended. */
  onDisconnect: (() => void) | undefined;
  private resumeWriting: (() => void) | undefined;

  constructor(
    private readonly stream: ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>,
    records: CallRecords,
    openCalls: OpenCalls,
  ) {
    // The library itself ends the call at its deadline.
    super(stream, records, openCalls, Number(stream.getDeadline()), 0);
    stream.on('drain', () => this.resumeWriting?.());
    this.onClose = () => {
      this.resumeWriting?.();
      this.onDisconnect?.();
    };
  }

  abort(reason: ConversationError): void {
    this.onAbort?.(reason);
  }

  /** Writes a message. `false`: wait for `untilWritable` before the next one. */
  write(message: Buffer): boolean {
    this.record.sent();
    return this.stream.write(message);
  }

  /** Resolves when there is room for another message, and when there is no use in waiting. */
  untilWritable(): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    return new Promise((resolve) => (this.resumeWriting = resolve));
  }

  /** Resolves what waits for room. */
  stopWaiting(): void {
    this.resumeWriting?.();
  }

  /** Runs the stream's work in the pipeline, and ends the stream as the work ended. */
  run(pipeline: Interceptor<GrpcStream>, work: () => Promise<void>): void {
    pipeline(this, () => (this.isClosed ? Promise.reject(cancelled()) : work())).then(
      () => this.stream.end(),
      (error: unknown) => this.fail(asConversationError(error)),
    );
  }

  private fail(error: ConversationError): void {
    if (this.isClosed) return;
    this.stream.emit('error', toCallStatus(error));
    // Discards what the client still sends, so that the status reaches it.
    if ('resume' in this.stream) this.stream.resume();
  }
}
