import type { handleServerStreamingCall } from '@grpc/grpc-js';
import {
  WatchSessionRequest,
  WatchSessionResponse,
} from '../../../generated/conversation/v1/session_service';
import type { ConversationError } from '../../core/errors';
import type { Store } from '../../core/store';
import { watchSession, type WatchUpdate } from '../../core/use-cases/watch-session';
import { encodeMessage } from '../../protobuf/encode-message';
import { decodeRequest } from '../messages/decode-request';
import { watchEventResponse } from '../messages/event-responses';
import { toSessionMessage } from '../messages/session-messages';
import { CallRecords } from './call-record';
import type { CallSettings } from './call-settings';
import { GrpcStream } from './grpc-stream';

/** WatchSession: writes each update when the client has room for it, and only then reads on. */
export function watchStream(store: Store, settings: CallSettings): handleServerStreamingCall<Buffer, Buffer> {
  const { telemetry, openCalls, streamPipeline, retentionMs } = settings;
  const records = new CallRecords('server_stream', 'WatchSession', telemetry);
  return (serverCall) => {
    const call = new GrpcStream(serverCall, records, openCalls);
    call.record.received();
    call.run(streamPipeline, async () => {
      telemetry.metrics.watching(1);
      try {
        const request = decodeRequest(WatchSessionRequest, serverCall.request);
        const updates = watchSession(store, request, call.context);
        await writeUpdates(call, updates, retentionMs);
      } finally {
        telemetry.metrics.watching(-1);
      }
    });
  };
}

async function writeUpdates(
  call: GrpcStream,
  updates: AsyncIterable<WatchUpdate>,
  retentionMs: number | undefined,
): Promise<void> {
  let abortedBy: ConversationError | undefined;
  call.onAbort = (reason) => {
    abortedBy ??= reason;
    call.context.cancel();
    call.stopWaiting();
  };
  try {
    for await (const update of updates) {
      call.context.throwIfEnded();
      if (!call.write(encodeUpdate(update, retentionMs))) await call.untilWritable();
    }
  } catch (error) {
    throw abortedBy ?? error;
  }
}

function encodeUpdate(update: WatchUpdate, retentionMs: number | undefined): Buffer {
  switch (update.kind) {
    case 'event':
      return encodeMessage(watchEventResponse, update.event);
    case 'caughtUp':
      return encodeMessage(WatchSessionResponse, {
        update: { $case: 'caughtUp', value: { sequence: update.sequence } },
      });
    case 'session': {
      const session = toSessionMessage(update.session, retentionMs);
      return encodeMessage(WatchSessionResponse, { update: { $case: 'session', value: session } });
    }
  }
}
