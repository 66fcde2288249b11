import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify, types } from 'node:util';
import { cacheFolder } from './cache-folder';

interface Tool {
  readonly module: string;
  readonly version: string;
}

const TOOLS: Readonly<Record<string, Tool>> = {
  grpcurl: { module: 'github.com/fullstorydev/grpcurl/cmd/grpcurl', version: 'v1.9.4' },
  'grpc-health-probe': { module: 'github.com/grpc-ecosystem/grpc-health-probe', version: 'v0.4.61' },
  kustomize: { module: 'sigs.k8s.io/kustomize/kustomize/v5', version: 'v5.7.1' },
  prom2json: { module: 'github.com/prometheus/prom2json/cmd/prom2json', version: 'v1.5.0' },
};

/** Returns the folders of all tools, for PATH. Each tool is installed once, and cached by version. */
export async function goToolsPath(): Promise<string> {
  const folders: string[] = [];
  for (const [name, tool] of Object.entries(TOOLS)) folders.push(await obtain(name, tool));
  return folders.join(delimiter);
}

async function obtain(name: string, tool: Tool): Promise<string> {
  const tools = join(cacheFolder(), 'bin');
  const folder = join(tools, `${name}-${tool.version}`);
  if (existsSync(join(folder, name))) return folder;
  await mkdir(tools, { recursive: true });
  // Installed in a temporary folder and moved atomically, so that an aborted run leaves no partial installation.
  const temporary = await mkdtemp(join(tools, 'install-'));
  try {
    await install(name, tool, temporary);
    await mkdir(folder, { recursive: true });
    await rename(join(temporary, name), join(folder, name));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

function install(name: string, { module, version }: Tool, folder: string): Promise<void> {
  const options = { env: { ...process.env, GOBIN: folder } };
  return runGo(['install', `${module}@${version}`], options, `install ${name} ${version}`);
}

/** Runs the Go toolchain. @throws Error if Go is missing, with instructions */
export async function runGo(
  command: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
  purpose: string,
): Promise<void> {
  try {
    await promisify(execFile)('go', command, { ...options, timeout: 300_000 });
  } catch (error) {
    // Node's errors are not instances of the Error class inside Jest.
    const reason = types.isNativeError(error) ? error : new Error(String(error));
    const missing = 'code' in reason && reason.code === 'ENOENT';
    throw new Error(
      missing
        ? `These tests need Go to ${purpose}, but go is not on PATH: install Go 1.24 or later, then run them again.`
        : `These tests could not ${purpose}: ${reason.message.trim()}`,
      { cause: error },
    );
  }
}
