import { createHash } from 'node:crypto';
import { CallError } from './call-error';
import { SwappedFiles } from './certificates';
import { connect } from './connect';
import type { RpcClient } from './rpc-client';
import { startService } from './service-process';
import { until } from './until';

export const READER = 'reader-1c0ffee';
export const WRITER = 'writer-5ca1ab1e';

export const hash = (token: string): string => createHash('sha256').update(token).digest('hex');

export const READER_LINE = `${hash(READER)} read-only dashboard`;
export const WRITER_LINE = `${hash(WRITER).toUpperCase()} Read-Write`;

/** Starts the service with a token file that has a read-only and a read-write token. */
export async function startWithTokens(environment: Readonly<Record<string, string>> = {}) {
  const files = new SwappedFiles({
    tokens: `# who may call\n\n${READER_LINE} # for graphs\n${WRITER_LINE}\n`,
  });
  const { service, port } = await startService({ TOKENS_FILE: files.path('tokens'), ...environment });
  const as = (token: string): RpcClient => connect(port, { authorization: `Bearer ${token}` });
  const rewrite = async (...lines: string[]): Promise<void> => {
    const before = service.log.length;
    files.replace({ tokens: lines.join('\n') });
    await until('the new content is in use', () =>
      service.log.slice(before).find(({ msg }) => /TOKENS_FILE: the new content is in use/.test(String(msg))),
    );
  };
  return { service, port, as, files, rewrite };
}

/** Returns `OK`, or the reason of the failure. */
export async function reasonOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    if (error instanceof CallError) return error.info?.reason;
    throw error;
  }
}
