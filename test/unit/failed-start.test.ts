import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../src/app';
import { readConfig } from '../../src/config/read-config';
import type { Config } from '../../src/config/settings';
import { StartupError } from '../../src/core/startup-error';
import { createLogger } from '../../src/telemetry/logger';
import { Tracing } from '../../src/telemetry/tracing';

const logger = createLogger('silent');
const closeTracing = jest.spyOn(Tracing.prototype, 'close');

let folder: string;
let occupied: Server;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'conversation-test-'));
  occupied = createServer();
  await new Promise<void>((resolve) => occupied.listen(0, '127.0.0.1', resolve));
  closeTracing.mockClear();
});

afterEach(() => {
  occupied.close();
  rmSync(folder, { recursive: true });
});

function start(environment: Readonly<Record<string, string>>) {
  const config: Config = readConfig({
    ...{ DATA_DIR: join(folder, 'data'), GRPC_PORT: '0', HTTP_PORT: '0' },
    ...{ OTEL_TRACES_EXPORTER: 'otlp', ...environment },
  });
  return startApp(config, logger, (error) => {
    throw error;
  });
}

test.each(['GRPC_PORT', 'HTTP_PORT'])(
  'a start that fails because %s is in use closes tracing and the store',
  async (setting) => {
    const { port } = occupied.address() as AddressInfo;
    await expect(start({ [setting]: String(port) })).rejects.toThrow(StartupError);
    expect(closeTracing).toHaveBeenCalledTimes(1);

    // An open store locks its folder, so this start shows that the first store was closed.
    const app = await start({});
    await app.close();
    expect(closeTracing).toHaveBeenCalledTimes(2);
  },
);

test('a start that fails because the store cannot be opened closes tracing', async () => {
  const app = await start({});
  try {
    await expect(start({})).rejects.toThrow(/^DATA_DIR .* is in use/);
    expect(closeTracing).toHaveBeenCalledTimes(1);
  } finally {
    await app.close();
  }
});
