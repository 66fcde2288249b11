import { type Access, OPEN_ACCESS } from './authorizer';
import type { Logger } from '../telemetry/logger';
import { checkExposure } from './check-exposure';
import { Tls } from './tls';
import { parseTokenFile, type TokenLine } from './token-file';
import { TokenAccess } from './token-authorizer';
import { type NamedFile, WatchedFiles } from './watched-files';

/** What keeps strangers out; undefined: unset. */
export interface SecuritySettings {
  readonly host: string;
  /** Files in PEM form. The first two come together. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsClientCa: string | undefined;
  readonly tokensFile: string | undefined;
  readonly allowInsecure: boolean;
}

/** Who may do what, and the certificate that is shown to them; each as its files say now. */
export interface Security {
  readonly access: Access;
  /** Undefined: plain text. */
  readonly tls: Tls | undefined;
  close(): void;
}

/** @throws StartError */
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
  return { access: tokens?.access ?? OPEN_ACCESS, tls, close };
}

function openTokens(path: string, logger: Logger): { access: TokenAccess; files: WatchedFiles<TokenLine[]> } {
  const file: NamedFile = { setting: 'TOKENS_FILE', path };
  const files = new WatchedFiles<TokenLine[]>(
    [file],
    ([content]) => parseTokenFile(path, content?.toString('utf8') ?? ''),
    (lines) => access.replace(lines),
    logger,
  );
  const access = new TokenAccess(files.current);
  return { access, files };
}
