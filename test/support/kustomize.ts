import { execFile } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../../src/package-root';
import { goToolsPath } from './go-tools';

/** The fields of a Kubernetes object that the tests use. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels };
  // Differs between kinds.
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

export type Labels = Readonly<Record<string, string>>;

/** Builds an overlay of deploy/kubernetes; returns it as text and as objects. */
export async function kustomize(overlay: string): Promise<{ text: string; manifests: Manifest[] }> {
  const path = `${await goToolsPath()}${delimiter}${process.env.PATH ?? ''}`;
  const folder = join(packageRoot(), 'deploy', 'kubernetes', 'overlays', overlay);
  const { stdout } = await promisify(execFile)('kustomize', ['build', folder], {
    env: { ...process.env, PATH: path },
    maxBuffer: 1e7,
  });
  return {
    text: stdout,
    manifests: parseAllDocuments(stdout).map((document) => document.toJS() as Manifest),
  };
}
