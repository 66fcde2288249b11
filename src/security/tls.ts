import type { SecureContextOptions, Server, TlsOptions } from 'node:tls';
import type { Logger } from '../telemetry/logger';
import { type CertificateFiles, secureContextOf } from './certificates';
import { WatchedFiles } from './watched-files';

/** How long a client may take for the handshake, in milliseconds. */
const HANDSHAKE_MS = 10_000;

/** The certificate that the faces show, as it is in its files now. */
export class Tls {
  private readonly files: WatchedFiles<SecureContextOptions>;
  private readonly servers = new Set<Server>();
  private readonly requestCert: boolean;

  /** @throws StartError */
  constructor(files: CertificateFiles, logger: Logger) {
    const { certificate, key, clientCa } = files;
    this.requestCert = clientCa !== undefined;
    this.files = new WatchedFiles(
      [certificate, key, ...(clientCa === undefined ? [] : [clientCa])],
      (contents) => secureContextOf(files, contents),
      (context) => {
        for (const server of this.servers) server.setSecureContext(context);
      },
      logger,
    );
  }

  /** To make a server with, which `keepCurrent` is then told of. */
  get options(): TlsOptions {
    const { requestCert } = this;
    return {
      ...this.files.current,
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
