import { join } from 'node:path';
import { connect } from './connect';
import type { RpcClient } from './rpc-client';
import { type ServiceProcess, startService, temporaryFolder } from './service-process';
import { StoredRows } from './stored-rows';
import { until } from './until';

/** The events of a session that `addSession` creates. */
export const EVENTS = 10;

type Environment = Readonly<Record<string, string>>;

/** A service on an embedded store whose rows a test edits. `disconnect` and `endServices` end it. */
export class EditedService {
  private constructor(
    private readonly folder: string,
    private service: ServiceProcess,
    private connection: RpcClient,
  ) {}

  static async start(): Promise<EditedService> {
    const folder = join(temporaryFolder(), 'data');
    const { service, port } = await startService({ DATA_DIR: folder });
    return new EditedService(folder, service, connect(port));
  }

  get client(): RpcClient {
    return this.connection;
  }

  /** The base URL of the HTTP API. */
  get url(): string {
    return this.service.url;
  }

  /** Stops the service, edits its rows, and starts it again. */
  async edit(edit: (rows: StoredRows) => void, environment: Environment = {}): Promise<void> {
    this.service.signal('SIGTERM');
    await this.editEnded(edit, environment);
  }

  /** As `edit`, but kills the service. */
  async editKilled(edit: (rows: StoredRows) => void): Promise<void> {
    this.service.signal('SIGKILL');
    await this.editEnded(edit, {});
  }

  /** Creates a session with events of alternating types. Every fifth has a payload that is stored apart. */
  async addSession(sessionId: string): Promise<void> {
    await this.client.createSession({ sessionId });
    const events = Array.from({ length: EVENTS }, (_, index) => ({
      eventId: `event-${index + 1}`,
      type: index % 2 === 0 ? 'odd' : 'even',
      payload: { text: 'x'.repeat(index % 5 === 4 ? 10_000 : 100) },
    }));
    await this.client.batchAddEvents({ sessionId, events });
  }

  /** Expects that these are the log's lines that name a row. They may arrive after the reply. */
  async expectLogged(row: string, messages: readonly string[]): Promise<void> {
    const named = JSON.stringify(row).slice(1, -1);
    const lines = (): string[] =>
      this.service.log.filter((line) => JSON.stringify(line).includes(named)).map(({ msg }) => String(msg));
    await until(`the log names ${row}`, () => (lines().length >= messages.length ? true : undefined));
    expect(lines()).toEqual(messages);
  }

  private async editEnded(edit: (rows: StoredRows) => void, environment: Environment): Promise<void> {
    await this.service.exit;
    const rows = new StoredRows(this.folder);
    edit(rows);
    await rows.close();
    const { service, port } = await startService({ DATA_DIR: this.folder, ...environment });
    this.service = service;
    this.connection = connect(port);
  }
}
