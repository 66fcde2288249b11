import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { errorMessage } from '../core/error-message';
import { StartupError } from '../core/startup-error';
import type { NamedFile } from './watched-files';

/** The oldest TLS version that the server accepts. */
const MINIMUM_VERSION = 'TLSv1.2';

/** The files that TLS needs. */
export interface CertificateFiles {
  readonly certificate: NamedFile;
  readonly key: NamedFile;
  /** The authorities that sign client certificates; undefined: clients need no certificate. */
  readonly clientCa: NamedFile | undefined;
}

/** The content of the files. */
export interface ServerIdentity {
  readonly context: SecureContextOptions;
  /** The earliest expiry time of the certificate chain. */
  readonly expiresAt: Date;
}

/** @throws StartupError that names the setting whose file cannot be used */
export function readIdentity(
  { certificate, key, clientCa }: CertificateFiles,
  contents: readonly Buffer[],
): ServerIdentity {
  const [cert = Buffer.alloc(0), privateKey = Buffer.alloc(0), ca = Buffer.alloc(0)] = contents;
  const chain = parseCertificates(certificate, cert);
  if (chain[0]?.checkPrivateKey(parseKey(key, privateKey)) !== true) {
    throw new StartupError(
      `${key.setting} ${key.path} does not match the certificate in ${certificate.setting} ${certificate.path}: use the private key of that certificate (the server's certificate must be the first in its file)`,
    );
  }
  if (clientCa !== undefined) parseCertificates(clientCa, ca);
  const context: SecureContextOptions = {
    ...{ cert, key: privateKey, minVersion: MINIMUM_VERSION },
    ...(clientCa === undefined ? {} : { ca }),
  };
  try {
    createSecureContext(context);
  } catch (error) {
    throw new StartupError(
      `${certificate.setting} and ${key.setting} cannot be used for TLS: ${errorMessage(error)}`,
    );
  }
  const expiryTimes = chain.map(({ validTo }) => Date.parse(validTo));
  return { context, expiresAt: new Date(Math.min(...expiryTimes)) };
}

function parseCertificates({ setting, path }: NamedFile, content: Buffer): X509Certificate[] {
  const blocks = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
  try {
    const certificates = (content.toString('latin1').match(blocks) ?? []).map(
      (block) => new X509Certificate(block),
    );
    if (certificates.length > 0) return certificates;
  } catch {
    // Reported below, like a file without certificates.
  }
  throw new StartupError(
    `${setting} ${path} contains no readable certificate: use a PEM file, which starts with -----BEGIN CERTIFICATE-----`,
  );
}

function parseKey({ setting, path }: NamedFile, content: Buffer): KeyObject {
  try {
    return createPrivateKey(content);
  } catch (error) {
    const encrypted = error instanceof Error && 'code' in error && error.code === 'ERR_MISSING_PASSPHRASE';
    throw new StartupError(
      encrypted
        ? `${setting} ${path} is protected by a passphrase: use a key without one`
        : `${setting} ${path} contains no readable private key: use a PEM file, which starts with -----BEGIN PRIVATE KEY----- or similar`,
    );
  }
}
