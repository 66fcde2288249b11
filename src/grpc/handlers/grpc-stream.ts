import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import type { Interceptor, StreamCall } from '../../calls/call';
import { asConversationError, cancelled, type ConversationError } from '../../core/errors';
import { toCallStatus } from '../status';
import type { CallRecords } from './call-record';
import { GrpcCall } from './grpc-call';
import type { OpenCalls } from './open-calls';

/** A message over this size is sent before the next one is taken: the library's buffer counts messages, not bytes. */
const LARGE_MESSAGE_BYTES = 64 * 1024;

/** A streaming grpc-js call: written to no faster than its client reads. */
export class GrpcStream extends GrpcCall implements StreamCall {
  /** Called when the stream is to end before its work has ended. */
  onAbort: ((reason: ConversationError) => void) | undefined;
  /** Called when the client has disconnected, and after the stream has ended. */
  onDisconnect: (() => void) | undefined;
  private resumeWriting: (() => void) | undefined;
  private unsentLargeMessages = 0;

  constructor(
    private readonly stream: ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>,
    records: CallRecords,
    openCalls: OpenCalls,
  ) {
    // The library itself ends the call at its deadline.
    super(stream, records, openCalls, Number(stream.getDeadline()), 0);
    stream.on('drain', () => this.resumeIfWritable());
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
    if (message.length <= LARGE_MESSAGE_BYTES)
      return this.stream.write(message) && this.unsentLargeMessages === 0;
    this.unsentLargeMessages += 1;
    this.stream.write(message, () => {
      this.unsentLargeMessages -= 1;
      this.resumeIfWritable();
    });
    return false;
  }

  /** Resolves when there is room for another message, and when there is no use in waiting. */
  untilWritable(): Promise<void> {
    if (this.isClosed || this.isWritable) return Promise.resolve();
    return new Promise((resolve) => (this.resumeWriting = resolve));
  }

  private get isWritable(): boolean {
    return this.unsentLargeMessages === 0 && !this.stream.writableNeedDrain;
  }

  private resumeIfWritable(): void {
    if (this.isWritable) this.resumeWriting?.();
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
