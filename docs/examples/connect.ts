import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelCredentials, type ClientOptions, credentials } from '@grpc/grpc-js';
import { SessionServiceClient } from '../../generated/conversation/v1/session_service';

const MIB = 1024 * 1024;

/** Options of the channel of a media server; use one channel per process. */
export const CHANNEL_OPTIONS: ClientOptions = {
  // Retries, deadlines, and round-robin over all addresses of the target.
  'grpc.service_config': readFileSync(join(__dirname, '..', 'retry-policy.json'), 'utf8'),
  // Ignores service configs from DNS.
  'grpc.service_config_disable_resolution': 1,
  // A call can be retried only while its request is buffered: 1 MiB by default, while a request may have 4 MiB.
  'grpc.per_rpc_retry_buffer_size': 4 * MIB,
  'grpc.retry_buffer_size': 64 * MIB,
  // Finds a restarted server soon: by default, attempts become up to two minutes apart.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // Detects a dead connection within 30 s while a stream or call is open.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/**
 * @param target such as `dns:///sessions.voice.svc:50051`, a name that resolves to all servers,
 *   or `ipv4:10.0.0.1:50051,10.0.0.2:50051`
 */
export function connect(
  target: string,
  channelCredentials: ChannelCredentials = credentials.createInsecure(),
): SessionServiceClient {
  return new SessionServiceClient(target, channelCredentials, CHANNEL_OPTIONS);
}
