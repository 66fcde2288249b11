import { type Authorizer, ALLOW_ALL } from './authorizer';
import type { Logger } from '../telemetry/logger';
import { checkExposure } from './check-exposure';
import { Tls } from './tls';
import { parseTokenFile, type TokenLine } from './token-file';
import { TokenAuthorizer } from './token-authorizer';
import { type NamedFile, WatchedFiles } from './watched-files';

/** The settings that protect access; undefined: unset. */
export interface SecuritySettings {
  readonly host: string;
  /** PEM files; the certificate and the key are set together. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsClientCa: string | undefined;
  readonly tokensFile: string | undefined;
  readonly allowInsecure: boolean;
}

/** Authorization and TLS, which follow changes of their files. */
export interface Security {
  readonly authorizer: Authorizer;
  /** Undefined: no TLS. */
  readonly tls: Tls | undefined;
  close(): void;
}

/** @throws StartupError */
export function openSecurity(settings: SecuritySettings, logger: Logger): Security {
  const { host, tlsCert, tlsKey, tlsClientCa, tokensFile, allowInsecure } = settings;
  const tls =
    tlsCert === undefined || tlsKey === undefined
      ? undefined
      : new Tls(
          {
            certificate: { setting: 'TLS_CERT', path: tlsCert },
            key: { setting: 'TLS_KEY', path: tlsKey },
            clientCa: tlsClientCa === undefined ? undefined : { setting: 'TLS_CLIENT_CA', path: tlsClientCa },
          },
          logger,
        );
  const tokens = tokensFile === undefined ? undefined : openTokens(tokensFile, logger);
  const warning = checkExposure({
    ...{ host, allowInsecure },
    ...{ tls: tls !== undefined, tokens: tokens !== undefined },
  });
  if (warning !== undefined) logger.warn(warning);
  const close = (): void => {
    tls?.close();
    tokens?.files.close();
  };
  return { authorizer: tokens?.authorizer ?? ALLOW_ALL, tls, close };
}

function openTokens(
  path: string,
  logger: Logger,
): { authorizer: TokenAuthorizer; files: WatchedFiles<TokenLine[]> } {
  const file: NamedFile = { setting: 'TOKENS_FILE', path };
  const files = new WatchedFiles<TokenLine[]>(
    [file],
    ([content]) => parseTokenFile(path, content?.toString('utf8') ?? ''),
    (lines) => authorizer.replace(lines),
    logger,
  );
  const authorizer = new TokenAuthorizer(files.current);
  return { authorizer, files };
}
