import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './service-process';

/** A certificate and its key, in PEM form. */
export interface Identity {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** A certificate authority for tests. */
export class Authority {
  readonly certificate: Buffer;
  private readonly folder = temporaryFolder();
  private issued = 0;

  constructor(name: string) {
    this.openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-keyout', 'ca.key', '-out', 'ca.crt'],
    );
    this.certificate = readFileSync(join(this.folder, 'ca.crt'));
  }

  /** Issues a certificate for this name, localhost and 127.0.0.1. @param days the validity; 0: already expired */
  issue(name: string, days = 2): Identity {
    this.issued += 1;
    const file = `${this.issued}`;
    this.openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`],
      ...['-keyout', `${file}.key`, '-out', `${file}.csr`],
    );
    writeFileSync(join(this.folder, 'extensions'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    this.openssl(
      ...['x509', '-req', '-in', `${file}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-days', String(days), '-extfile', 'extensions', '-out', `${file}.crt`],
    );
    return {
      certificate: readFileSync(join(this.folder, `${file}.crt`)),
      key: readFileSync(join(this.folder, `${file}.key`)),
    };
  }

  private openssl(...options: string[]): void {
    execFileSync('openssl', options, { cwd: this.folder, stdio: 'pipe' });
  }
}

/** Files that are replaced together, atomically, as Kubernetes replaces those of a secret. */
export class SwappedFiles {
  private readonly folder = temporaryFolder();
  private version = 0;

  constructor(files: Readonly<Record<string, string | Buffer>>) {
    this.replace(files);
  }

  path(name: string): string {
    return join(this.folder, 'current', name);
  }

  replace(files: Readonly<Record<string, string | Buffer>>): void {
    this.version += 1;
    const folder = temporaryFolder();
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const link = join(this.folder, `version-${this.version}`);
    symlinkSync(folder, link);
    renameSync(link, join(this.folder, 'current'));
  }
}
