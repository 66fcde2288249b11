import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
import { docsCommands, PastedSection } from '../support/docs-commands';
import { goToolsPath } from '../support/go-tools';
import { type RunningMongod, startReplicaSet } from '../support/mongod';
import { endServices, startService } from '../support/service-process';
import { until } from '../support/until';

interface CommandResult {
  readonly code: number;
  readonly output: string;
}

let toolsPath: string;
describe('Third-party clients', () => {
  beforeAll(async () => {
    toolsPath = await goToolsPath();
  }, 600_000);

  /** Runs a command of docs/api.md as a user would, against this port. */
  function run(command: string, port: number, environment: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
    const env = { ...process.env, ...environment, PATH: `${toolsPath}${delimiter}${process.env.PATH ?? ''}` };
    return new Promise((resolve) => {
      execFile(
        'sh',
        ['-c', command.replaceAll('127.0.0.1:50051', `127.0.0.1:${port}`)],
        { env, timeout: 20_000 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
          resolve({ code, output: `${stdout}${stderr}` });
        },
      );
    });
  }

  const PROBE = 'grpc-health-probe -addr=127.0.0.1:50051';
  const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

  const TOKEN = /(?<="nextPageToken": +)"[\w-]+"/g;

  /** Page tokens depend on the session ID. */
  const normalized = (text: string): string => text.replace(TIME, '<time>').replace(TOKEN, '"<token>"');
  /** The tools' own JSON printer varies its spaces on purpose. */
  const withoutLayout = (text: string): string => normalized(text).replace(/\s+/g, ' ').trim();

  function describeCommands(port: () => number): void {
    beforeAll(async () => {
      await until('the service is SERVING', async () => (await run(PROBE, port())).code === 0 || undefined);
    });

    describe.each(['once', 'a second time'])('pasted %s', () => {
      const section = new PastedSection('grpcurl');

      it.each(section.commands.map(({ command, reply }) => [command, reply] as const))(
        '%s',
        async (command, reply) => {
          const result = await run(command, port(), section.environment());
          const output = section.asShown(result.output);
          if (reply?.form === 'json') {
            expect(JSON.parse(normalized(output))).toEqual(JSON.parse(normalized(reply.text)));
          } else {
            expect(withoutLayout(output)).toBe(withoutLayout(reply?.text ?? ''));
          }
          expect(result.code === 0).toBe(!output.startsWith('ERROR:'));
        },
      );
    });
  }

  it('docs/api.md shows every RPC, reflection, health and errors', () => {
    const text = docsCommands('grpcurl')
      .map(({ command, reply }) => `${command}\n${reply?.text ?? ''}`)
      .join('\n');
    for (const excerpt of [
      '50051 list',
      'describe conversation.v1.SessionService',
      'describe conversation.v1.AddEventRequest',
      'SessionService/CreateSession',
      'SessionService/AddEvent',
      'SessionService/BatchAddEvents',
      'SessionService/IngestEvents',
      'SessionService/GetSession',
      'SessionService/GetEvent',
      'SessionService/CompleteSession',
      'SessionService/ListEvents',
      'SessionService/WatchSession',
      'SessionService/ListSessions',
      'SessionService/UpdateSession',
      'SessionService/DeleteSession',
      'Code: NotFound',
      'Code: InvalidArgument',
      'google.rpc.BadRequest',
      'grpc.health.v1.Health/Check',
      'grpc.health.v1.Health/List',
      PROBE,
    ]) {
      expect(text).toContain(excerpt);
    }
  });

  describe('on the embedded store', () => {
    let port: number;
    let url: string;
    beforeAll(async () => {
      ({ port, url } = await startService());
    });
    afterAll(endServices);

    describeCommands(() => port);

    it('prom2json parses /metrics, with the histograms by method', async () => {
      const { code, output } = await run(`prom2json ${url}/metrics`, port);
      expect(code).toBe(0);
      const families = JSON.parse(output) as { name: string; type: string; metrics: object[] }[];
      const family = (name: string) => families.find((one) => one.name === name);
      const labels = {
        grpc_method: 'AddEvent',
        grpc_service: 'conversation.v1.SessionService',
        grpc_type: 'unary',
      };
      expect(family('grpc_server_handled_total')).toMatchObject({ type: 'COUNTER' });
      expect(family('grpc_server_handled_total')?.metrics).toContainEqual({
        labels: { ...labels, grpc_code: 'OK' },
        value: expect.any(String) as string,
      });
      expect(family('grpc_server_handling_seconds')?.metrics).toContainEqual(
        expect.objectContaining({ labels, count: expect.stringMatching(/^[1-9]/) as string }),
      );
      expect(family('conversation_store_operation_seconds')).toMatchObject({ type: 'HISTOGRAM' });
    });
  });

  describe('on MongoDB', () => {
    let mongod: RunningMongod;
    let port: number;
    beforeAll(async () => {
      mongod = await startReplicaSet();
      ({ port } = await startService({ MONGODB_URI: mongod.uri }));
    }, 60_000);
    afterAll(async () => {
      await endServices();
      await mongod.stop();
    });

    describeCommands(() => port);

    it('grpc-health-probe reports NOT_SERVING some seconds after the database stops', async () => {
      expect(await run(PROBE, port)).toMatchObject({ code: 0 });
      await mongod.stop();
      const stoppedAt = performance.now();
      const probed = await until(
        'it is not SERVING',
        async () => {
          const probe = await run(PROBE, port);
          return probe.code === 0 ? undefined : probe;
        },
        20_000,
      );
      expect(probed.output).toContain('NOT_SERVING');
      expect(performance.now() - stoppedAt).toBeGreaterThan(3_000);
    });
  });
});
