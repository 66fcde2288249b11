import type { Server, TlsOptions } from 'node:tls';
import type { Logger } from '../telemetry/logger';
import { type CertificateFiles, readIdentity, type ServerIdentity } from './certificates';
import { type NamedFile, WatchedFiles } from './watched-files';

/** How long a TLS handshake may take, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** The servers' TLS configuration, which follows changes of its files. */
export class Tls {
  private readonly files: WatchedFiles<ServerIdentity>;
  private readonly servers = new Set<Server>();
  private readonly requestCert: boolean;

  /** @throws StartupError */
  constructor(files: CertificateFiles, logger: Logger) {
    const { certificate, key, clientCa } = files;
    this.requestCert = clientCa !== undefined;
    this.files = new WatchedFiles(
      [certificate, key, ...(clientCa === undefined ? [] : [clientCa])],
      (contents) => {
        const identity = readIdentity(files, contents);
        if (identity.expiresAt.getTime() < Date.now()) logger.warn(identityExpired(certificate, identity));
        return identity;
      },
      (identity) => {
        for (const server of this.servers) server.setSecureContext(identity.context);
      },
      logger,
    );
  }

  /** When the current certificate expires. */
  get expiresAt(): Date {
    return this.files.current.expiresAt;
  }

  /** Options to create a server with; pass the server to `keepCurrent` then. */
  get options(): TlsOptions {
    const { requestCert } = this;
    return {
      ...this.files.current.context,
      ...{ requestCert, rejectUnauthorized: requestCert, handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
    };
  }

  /** New handshakes of the server use changed files; existing connections continue. Failed handshakes are closed. */
  keepCurrent(server: Server): void {
    this.servers.add(server);
    // Node leaves the socket open after a handshake timeout. To a client without TLS no answer would be readable.
    server.on('tlsClientError', (_, socket) => socket.destroy());
  }

  close(): void {
    this.files.close();
  }
}

function identityExpired({ setting, path }: NamedFile, { expiresAt }: ServerIdentity): string {
  return `${setting} ${path} expired at ${expiresAt.toISOString()}: clients reject it; replace it with a new certificate`;
}
