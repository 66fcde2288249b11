import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { errorMessage } from '../core/error-message';
import { StartupError } from '../core/startup-error';
import type { Logger } from '../telemetry/logger';

/** How often the files are read, in milliseconds. */
const POLL_INTERVAL_MS = 1000;

/** A file that a setting names. */
export interface NamedFile {
  readonly setting: string;
  readonly path: string;
}

/**
 * Files that are read at the start, then polled and compared by content: file system notifications
 * miss it when an orchestrator swaps symbolic links. A change is applied once two polls in a row read
 * the same content, so half-written files are not used. Unusable content is logged, and the previous
 * content stays in use.
 */
export class WatchedFiles<Value> {
  private value: Value;
  /** Fingerprints of the content that the last poll read, and of the content last applied or rejected. */
  private lastRead: string;
  private lastHandled: string;
  private readonly timer: NodeJS.Timeout;
  private polling = false;

  /**
   * @param parse turns the files' contents, in the order of `files`, into a value; throws if they are unusable
   * @param onChange called with each new value
   * @throws StartupError
   */
  constructor(
    private readonly files: readonly NamedFile[],
    private readonly parse: (contents: readonly Buffer[]) => Value,
    private readonly onChange: (value: Value) => void,
    private readonly logger: Logger,
  ) {
    const contents = files.map(readNow);
    this.value = parse(contents);
    this.lastRead = this.lastHandled = fingerprint(contents);
    this.timer = setInterval(() => void this.poll(), POLL_INTERVAL_MS);
    this.timer.unref();
  }

  get current(): Value {
    return this.value;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async poll(): Promise<void> {
    if (this.polling) return;
    this.polling = true;
    const contents = await Promise.all(this.files.map(read));
    this.polling = false;
    const print = fingerprint(contents);
    const isSettled = print === this.lastRead;
    this.lastRead = print;
    if (isSettled && print !== this.lastHandled) this.apply(print, contents);
  }

  private apply(print: string, contents: readonly (Buffer | StartupError)[]): void {
    this.lastHandled = print;
    const settings = this.files.map(({ setting }) => setting);
    try {
      this.value = this.parse(contents.map(throwIfUnread));
    } catch (error) {
      this.logger.error({ settings }, `${errorMessage(error)}; the previous content stays in use`);
      return;
    }
    this.onChange(this.value);
    this.logger.info({ settings }, `${settings.join(', ')}: the new content is in use`);
  }
}

function readNow(file: NamedFile): Buffer {
  try {
    return readFileSync(file.path);
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function read(file: NamedFile): Promise<Buffer | StartupError> {
  try {
    return await readFile(file.path);
  } catch (error) {
    return unreadable(file, error);
  }
}

function throwIfUnread(content: Buffer | StartupError): Buffer {
  if (content instanceof StartupError) throw content;
  return content;
}

function unreadable({ setting, path }: NamedFile, error: unknown): StartupError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return new StartupError(`${setting} ${path} cannot be read (${code}): use a file that this user can read`);
}

function fingerprint(contents: readonly (Buffer | StartupError)[]): string {
  const digest = createHash('sha256');
  for (const content of contents) {
    digest.update(content instanceof StartupError ? `!${content.message}` : `${content.length}:`);
    if (!(content instanceof StartupError)) digest.update(content);
  }
  return digest.digest('hex');
}
