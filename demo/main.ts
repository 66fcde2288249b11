import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type App, startApp } from '../src/app';
import { readConfig } from '../src/config/read-config';
import { errorMessage } from '../src/core/error-message';
import { createLogger } from '../src/telemetry/logger';
import { RpcClient } from '../test/support/rpc-client';
import { type Call, DemoError, readCallFile } from './call-file';
import { type Paint, paintFor } from './colours';
import { PAGE_SIZE, playCall, readLog } from './play-call';
import { conversationText } from './print-conversation';
import { faultsOfLog } from './verify-log';
import { watchCall } from './watch-call';

const DEFAULT_CALL_FILE = join(__dirname, 'calls', 'moving-home.jsonl');
const USAGE = `Usage: npm run demo [-- [--live] FILE | -- --watch PORT]
Starts the service with the embedded store in a temporary folder, plays the calls of FILE (JSON lines; by
default a built-in telephone call), reads each call back page by page, prints it, and fails unless every event
is stored exactly once, in order and unchanged.
  --live         play slowly, so that the call can be watched from another terminal
  --watch PORT   print the newest call of the service on this port while it is played, until it ends
`;

/** Pause before each event of a live call, in milliseconds. */
const LIVE_PAUSE_MS = 300;

async function main(): Promise<void> {
  const options = process.argv.slice(2);
  if (options[0] === '--help') {
    process.stdout.write(USAGE);
    return;
  }
  if (options[0] === '--watch') {
    await watch(options.slice(1));
    return;
  }
  const live = options[0] === '--live';
  const [argument, ...rest] = live ? options.slice(1) : options;
  if (argument?.startsWith('-') === true || rest.length > 0)
    throw new DemoError('specify at most one call file: npm run demo -- FILE');
  const calls = readCallFile(argument === undefined ? DEFAULT_CALL_FILE : resolveFromCaller(argument));

  const app = await startService();
  const client = new RpcClient(app.grpcPort);
  try {
    const paint = paintFor(process.stdout, process.env);
    if (live) print(`to watch it from another terminal: npm run demo -- --watch ${app.grpcPort}`);
    for (const call of calls) await demonstrate(client, call, live ? LIVE_PAUSE_MS : 0, paint);
    const events = calls.reduce((sum, call) => sum + call.events.length, 0);
    const summary = `${plural(calls.length, 'call')} with ${plural(events, 'event')} in total`;
    print(paint('green', `OK: ${summary}: each event is stored exactly once, in order and unchanged`));
  } finally {
    client.close();
    await app.close();
  }
}

/** Starts the real service on a free port, with a temporary store that is deleted when this process exits. */
function startService(): Promise<App> {
  const folder = mkdtempSync(join(tmpdir(), 'conversation-demo-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const config = readConfig({ DATA_DIR: folder, GRPC_PORT: '0', HTTP_PORT: '', LOG_LEVEL: 'silent' });
  return startApp(config, createLogger(config.logLevel), fail);
}

/** Prints a call that another process plays. */
async function watch([port, ...rest]: readonly string[]): Promise<void> {
  if (port === undefined || !/^[0-9]{1,5}$/.test(port) || rest.length > 0)
    throw new DemoError('specify the port of the service: npm run demo -- --watch 50051');
  const client = new RpcClient(Number(port));
  try {
    await watchCall(client, paintFor(process.stdout, process.env), print);
  } catch (error) {
    throw new DemoError(errorMessage(error));
  } finally {
    client.close();
  }
}

async function demonstrate(client: RpcClient, call: Call, pauseMs: number, paint: Paint): Promise<void> {
  await playCall(client, call, pauseMs);
  const { session, events, pages } = await readLog(client, call.sessionId);
  const late = call.events.filter(({ afterHangUp }) => afterHangUp);
  const retried = call.events.filter(({ sent }) => sent > 1);
  print(conversationText(session, events, call.events.length - late.length, paint));
  print('');
  const retries = retried.map(({ eventId, sent }) => `${eventId} ${sent === 2 ? 'twice' : `${sent} times`}`);
  print(`  sent       ${plural(call.events.length, 'event')}`);
  if (retries.length > 0) print(`  retried    ${retries.join(', ')}: each stored once`);
  if (late.length > 0)
    print(`  late       ${late.map(({ eventId }) => eventId).join(', ')}: after the hang-up, also stored`);
  print(`  read back  ${plural(events.length, 'event')} in ${plural(pages, 'page')} of at most ${PAGE_SIZE}`);
  print('');
  const faults = faultsOfLog(call, session, events);
  if (faults.length > 0)
    throw new DemoError(`${call.sessionId} differs from what was sent: ${faults.join('; ')}`);
}

/** Resolves a path against the folder in which npm was called: npm runs scripts in the package's folder. */
function resolveFromCaller(path: string): string {
  const { npm_lifecycle_event: script, INIT_CWD: called } = process.env;
  return script === 'demo' && called !== undefined ? resolve(called, path) : path;
}

function plural(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(error: unknown): never {
  const expected = error instanceof DemoError;
  process.stderr.write(
    `demo: ${expected || !(error instanceof Error) ? errorMessage(error) : error.stack}\n`,
  );
  process.exit(1);
}

// The reader of a pipe may exit early (`npm run demo | head`).
process.stdout.on('error', () => process.exit(1));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

main().catch(fail);
