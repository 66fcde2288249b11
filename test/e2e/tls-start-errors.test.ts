import { Authority, type Identity } from '../support/certificates';
import { endServices, runService } from '../support/service-process';
import { tlsFiles } from '../support/tls-files';

afterEach(endServices);

describe('the startup error of TLS names', () => {
  const own = (): { authority: Authority; server: Identity } => {
    const authority = new Authority('own');
    return { authority, server: authority.issue('server') };
  };

  /** Returns stderr of a failed start, after checks for exit code 1 and no stack trace. */
  async function startupErrorOf(environment: Readonly<Record<string, string>>): Promise<string> {
    const { code, stderr } = await runService({ environment: { GRPC_PORT: '0', ...environment } });
    expect(code).toBe(1);
    expect(stderr).not.toMatch(/^\s+at /m);
    return stderr;
  }

  it('a key that does not match the certificate', async () => {
    const { authority, server } = own();
    const { environment } = tlsFiles({ ...server, key: authority.issue('server').key });
    expect(await startupErrorOf(environment)).toMatch(
      /^TLS_KEY \S+tls\.key does not match the certificate in TLS_CERT \S+tls\.crt: use the private key .*\n$/,
    );
  });

  it.each(['TLS_CERT', 'TLS_KEY', 'TLS_CLIENT_CA'])(
    '%s if it cannot be read or has the wrong content',
    async (setting) => {
      const { authority, server } = own();
      const { files, environment } = tlsFiles(server, authority.certificate);
      expect(await startupErrorOf({ ...environment, [setting]: '/nowhere/it.pem' })).toMatch(
        new RegExp(
          `^${setting} /nowhere/it\\.pem cannot be read \\(ENOENT\\): use a file that this user can read\n$`,
        ),
      );
      files.replace({
        'tls.crt': server.certificate,
        'tls.key': server.key,
        'ca.crt': 'x',
        nonsense: 'nonsense',
      });
      expect(await startupErrorOf({ ...environment, [setting]: files.path('nonsense') })).toMatch(
        new RegExp(`^${setting} \\S+nonsense contains no readable (certificate|private key): use a PEM file`),
      );
    },
  );

  it.each([
    ['TLS_KEY', 'TLS_CERT'],
    ['TLS_CERT', 'TLS_KEY'],
  ])('%s if it is missing', async (missing, present) => {
    expect(await startupErrorOf({ [present]: 'x.pem' })).toBe(
      `${missing} is unset but ${present} is set: TLS needs both; set both or neither\n`,
    );
  });

  it('TLS_CLIENT_CA without TLS', async () => {
    expect(await startupErrorOf({ TLS_CLIENT_CA: 'x.pem' })).toMatch(
      /^TLS_CLIENT_CA .*: set TLS_CERT and TLS_KEY too\n$/,
    );
  });
});
