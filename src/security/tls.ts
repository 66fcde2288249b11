import type { SecureContextOptions, TlsOptions } from 'node:tls';
import type { Logger } from '../telemetry/logger';
import { type CertificateFiles, secureContextOf } from './certificates';
import { WatchedFiles } from './watched-files';

/** How long a client may take for the handshake, in milliseconds. */
const HANDSHAKE_MS = 10_000;

/** A server of node:tls, node:https or node:http2. */
interface SecureServer {
  setSecureContext(options: SecureContextOptions): void;
}

/** The certificate that the faces show, as it is in its files now. */
export class Tls {
  private readonly files: WatchedFiles<SecureContextOptions>;
  private readonly servers = new Set<SecureServer>();
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

  /** New handshakes of the server see new files; connections that there are go on. */
  keepCurrent(server: SecureServer): void {
    this.servers.add(server);
  }

  close(): void {
    this.files.close();
  }
}
