import type { Server, TlsOptions } from 'node:tls';
import type { Logger } from '../telemetry/logger';
import { type CertificateFiles, readIdentity, type ServerIdentity } from './certificates';
import { type NamedFile, WatchedFiles } from './watched-files';

/** How long a client may take for the handshake, in milliseconds. */
const HANDSHAKE_MS = 10_000;

/** The certificate that the faces show, as it is in its files now. */
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

  /** When the certificate that is shown ends. */
  get expiresAt(): Date {
    return this.files.current.expiresAt;
  }

  /** To make a server with, which `keepCurrent` is then told of. */
  get options(): TlsOptions {
    const { requestCert } = this;
    return {
      ...this.files.current.context,
      ...{ requestCert, rejectUnauthorized: requestCert, handshakeTimeout: HANDSHAKE_MS },
    };
  }

  /** New handshakes of the server see new files, and connections that there are go on; a handshake that fails is closed. */
  keepCurrent(server: Server): void {
    this.servers.add(server);
    // Node leaves one open that has run out of its time, and it is no use to answer what is no TLS.
    server.on('tlsClientError', (_, socket) => socket.destroy());
  }

  close(): void {
    this.files.close();
  }
}

function identityExpired({ setting, path }: NamedFile, { expiresAt }: ServerIdentity): string {
  return `${setting} ${path} expired at ${expiresAt.toISOString()}: clients refuse it; put a new certificate in its place`;
}
