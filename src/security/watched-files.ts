import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { StartupError } from '../core/startup-error';
import type { Logger } from '../telemetry/logger';

/** How often the files are looked at, in milliseconds. */
const LOOK_MS = 1000;

/** A file that a setting names. */
export interface NamedFile {
  readonly setting: string;
  readonly path: string;
}

/**
 * Files that are read at the start and looked at again and again, by content: an orchestrator swaps
 * links, which notifications miss. A change is taken once two looks in a row see the same, so that
 * files which are being written are left alone; one that cannot be used is told of, and what was read
 * before stays in use.
 */
export class WatchedFiles<Value> {
  private value: Value;
  /** What the last look saw, and what was last taken or refused. */
  private seen: string;
  private judged: string;
  private readonly timer: NodeJS.Timeout;
  private looking = false;

  /**
   * @param parse the files' contents, in their order, to what they mean; throws where they cannot be used
   * @param onChange called with each new meaning
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
    this.seen = this.judged = fingerprint(contents);
    this.timer = setInterval(() => void this.look(), LOOK_MS);
    this.timer.unref();
  }

  get current(): Value {
    return this.value;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    const contents = await Promise.all(this.files.map(read));
    this.looking = false;
    const print = fingerprint(contents);
    const settled = print === this.seen;
    this.seen = print;
    if (settled && print !== this.judged) this.judge(print, contents);
  }

  private judge(print: string, contents: readonly (Buffer | StartupError)[]): void {
    this.judged = print;
    const settings = this.files.map(({ setting }) => setting);
    try {
      this.value = this.parse(contents.map(throwIfUnread));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.logger.error({ settings }, `${why}; what was read before stays in use`);
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
  const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return new StartupError(`${setting} ${path} cannot be read (${why}): give a file that this user can read`);
}

function fingerprint(contents: readonly (Buffer | StartupError)[]): string {
  const digest = createHash('sha256');
  for (const content of contents) {
    digest.update(content instanceof StartupError ? `!${content.message}` : `${content.length}:`);
    if (!(content instanceof StartupError)) digest.update(content);
  }
  return digest.digest('hex');
}
