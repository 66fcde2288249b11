import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelCredentials, type ClientOptions, credentials } from '@grpc/grpc-js';
import { SessionServiceClient } from '../../generated/conversation/v1/session_service';

const MIB = 1024 * 1024;

/** How a process of a media server connects: one of these for the whole process. */
export const CHANNEL_OPTIONS: ClientOptions = {
  // Retries, deadlines, and calls in turn over all addresses of the target.
  'grpc.service_config': readFileSync(join(__dirname, '..', 'retry-policy.json'), 'utf8'),
  // What DNS may say of it does not count.
  'grpc.service_config_disable_resolution': 1,
  // A call is retried only while its request is kept: 1 MiB by default, and a batch may have 3.
  'grpc.per_rpc_retry_buffer_size': 4 * MIB,
  'grpc.retry_buffer_size': 64 * MIB,
  // A server that starts anew is found soon: by default the tries become up to two minutes apart.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // A connection that is dead without a word is noticed within 30 s, while a stream is open or a call waits.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/**
 * @param target such as `dns:///sessions.voice.svc:50051`, a name of all servers' addresses,
 *   or `ipv4:10.0.0.1:50051,10.0.0.2:50051`
 */
export function connect(
  target: string,
  channelCredentials: ChannelCredentials = credentials.createInsecure(),
): SessionServiceClient {
  return new SessionServiceClient(target, channelCredentials, CHANNEL_OPTIONS);
}
