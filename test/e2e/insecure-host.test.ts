import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { Authority, SwappedFiles } from '../support/certificates';
import { endServices, runService, startService, temporaryFolder } from '../support/service-process';

describe('A server with HOST', () => {
  afterEach(endServices);

  function tlsSettings(): Record<string, string> {
    const { certificate, key } = new Authority('own').issue('server');
    const files = new SwappedFiles({ certificate, key });
    return { TLS_CERT: files.path('certificate'), TLS_KEY: files.path('key') };
  }

  function tokensSettings(): Record<string, string> {
    const path = join(temporaryFolder(), 'tokens');
    writeFileSync(path, `${createHash('sha256').update('secret').digest('hex')} read-write\n`);
    return { TOKENS_FILE: path };
  }

  /** Starts the service, and returns the warnings in its log. */
  async function warningsOf(environment: Readonly<Record<string, string>>): Promise<unknown[]> {
    const { service } = await startService(environment);
    return service.log.filter(({ level }) => level === 40).map(({ msg }) => msg);
  }

  it.each(['0.0.0.0', '::', '192.0.2.1', 'db.example'])(
    'refuses to listen on %s without protection',
    async (host) => {
      const { code, stdout, stderr } = await runService({ environment: { GRPC_PORT: '0', HOST: host } });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toBe(
        `HOST ${host} can be reached from other machines, but access is not protected: set TLS_CERT and TLS_KEY, TOKENS_FILE, or both; or set ALLOW_INSECURE=true if everyone on the network may read and write every session\n`,
      );
    },
  );

  it.each(['127.0.0.1', '127.0.0.2', 'localhost'])(
    'listens on %s without further settings or warnings',
    async (HOST) => {
      expect(await warningsOf({ HOST })).toEqual([]);
    },
  );

  it('listens on ::1 without further settings or warnings, if this machine has IPv6', async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
    const exit = addresses.some(({ address }) => address === '::1')
      ? warningsOf({ HOST: '::1' })
      : runService({ environment: { GRPC_PORT: '0', HOST: '::1' } }).then(({ stderr }) =>
          stderr.startsWith('cannot listen on ::1') ? [] : [stderr],
        );
    expect(await exit).toEqual([]);
  });

  it.each([
    [
      'ALLOW_INSECURE=true',
      () => ({ ALLOW_INSECURE: 'true' }),
      [/^anyone who can reach 0\.0\.0\.0 can read and write every/],
    ],
    ['a token', tokensSettings, [/^tokens are sent in plain text: .*; set TLS_CERT and TLS_KEY$/]],
    ['TLS', tlsSettings, []],
    ['TLS and a token', () => ({ ...tlsSettings(), ...tokensSettings() }), []],
  ])('listens for other machines with %s, and warns if that is risky', async (_, settings, warnings) => {
    const logged = await warningsOf({ HOST: '0.0.0.0', ...settings() });
    expect(logged).toEqual(warnings.map((warning) => expect.stringMatching(warning) as string));
  });

  it('ALLOW_INSECURE accepts only true and false', async () => {
    const { code, stderr } = await runService({ environment: { ALLOW_INSECURE: 'yes' } });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'ALLOW_INSECURE must be one of true, false; got "yes" (default: false)\n',
    });
  });
});
