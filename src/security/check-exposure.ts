import { BlockList, isIP } from 'node:net';
import { StartupError } from '../core/startup-error';

/** Where the service listens, and how it is protected. */
export interface Exposure {
  readonly host: string;
  readonly tls: boolean;
  readonly tokens: boolean;
  /** Whether the operator allows access without either. */
  readonly allowInsecure: boolean;
}

/**
 * Prevents the service from being reachable from other machines without protection by mistake.
 *
 * @returns a warning for the operator, if the configuration is allowed but risky
 * @throws StartupError if it is not allowed
 */
export function checkExposure({ host, tls, tokens, allowInsecure }: Exposure): string | undefined {
  if (tls || isLoopback(host)) return undefined;
  if (tokens) {
    return `tokens are sent in plain text: anyone on the network path to ${host} can read and use them; set TLS_CERT and TLS_KEY`;
  }
  if (allowInsecure) {
    return `anyone who can reach ${host} can read and write every session: ALLOW_INSECURE is true, and neither TLS nor tokens are set`;
  }
  throw new StartupError(
    `HOST ${host} can be reached from other machines, but access is not protected: set TLS_CERT and TLS_KEY, TOKENS_FILE, or both; or set ALLOW_INSECURE=true if everyone on the network may read and write every session`,
  );
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  return LOOPBACK.check(host, version === 6 ? 'ipv6' : 'ipv4');
}
