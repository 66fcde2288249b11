import { BlockList, isIP } from 'node:net';
import { StartupError } from '../core/startup-error';

/** Where the service listens, and who is kept out. */
export interface Exposure {
  readonly host: string;
  readonly tls: boolean;
  readonly tokens: boolean;
  /** Whether the operator has said that neither is needed. */
  readonly allowInsecure: boolean;
}

/**
 * Beyond this machine the service does not listen by oversight to everybody.
 *
 * @returns a warning, where it is listened to in a way that one should know of
 * @throws StartupError
 */
export function checkExposure({ host, tls, tokens, allowInsecure }: Exposure): string | undefined {
  if (tls || isLoopback(host)) return undefined;
  if (tokens) {
    return `tokens travel as plain text: whoever is on the way to ${host} can read and use them; set TLS_CERT and TLS_KEY`;
  }
  if (allowInsecure) {
    return `whoever reaches ${host} can read and write every session: ALLOW_INSECURE is true, and there is neither TLS nor a token`;
  }
  throw new StartupError(
    `HOST ${host} can be reached from other machines, and nothing keeps anybody out: set TLS_CERT and TLS_KEY, TOKENS_FILE, or both; or ALLOW_INSECURE=true where all of the network may read and write every session`,
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
