import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { StartupError } from '../core/startup-error';
import type { NamedFile } from './watched-files';

/** The oldest version of TLS that is spoken. */
const MINIMUM_VERSION = 'TLSv1.2';

/** The files that TLS is made of. */
export interface CertificateFiles {
  readonly certificate: NamedFile;
  readonly key: NamedFile;
  /** Who signs clients' certificates; undefined: clients need none. */
  readonly clientCa: NamedFile | undefined;
}

/** What the files hold. */
export interface ServerIdentity {
  readonly context: SecureContextOptions;
  /** When the first of the certificate's chain ends. */
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
      `${key.setting} ${key.path} does not fit the certificate in ${certificate.setting} ${certificate.path}: give the key that the certificate was made for (the server's certificate comes first in its file)`,
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
      `${certificate.setting} and ${key.setting} cannot be used for TLS: ${messageOf(error)}`,
    );
  }
  const ends = chain.map(({ validTo }) => Date.parse(validTo));
  return { context, expiresAt: new Date(Math.min(...ends)) };
}

function parseCertificates({ setting, path }: NamedFile, content: Buffer): X509Certificate[] {
  const blocks = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
  try {
    const certificates = (content.toString('latin1').match(blocks) ?? []).map(
      (block) => new X509Certificate(block),
    );
    if (certificates.length > 0) return certificates;
  } catch {
    // Told of below, as where there is none.
  }
  throw new StartupError(
    `${setting} ${path} holds no certificate that can be read: give a PEM file, which begins with -----BEGIN CERTIFICATE-----`,
  );
}

function parseKey({ setting, path }: NamedFile, content: Buffer): KeyObject {
  try {
    return createPrivateKey(content);
  } catch (error) {
    const encrypted = error instanceof Error && 'code' in error && error.code === 'ERR_MISSING_PASSPHRASE';
    throw new StartupError(
      encrypted
        ? `${setting} ${path} is locked by a passphrase: give the key without one`
        : `${setting} ${path} holds no private key that can be read: give a PEM file, which begins with -----BEGIN PRIVATE KEY----- or the like`,
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
