import type { Scope } from './authorizer';
import { StartupError } from '../core/startup-error';

/** One line of the file. */
export interface TokenLine {
  /** The SHA-256 of the token, 64 hex digits in lower case. */
  readonly hash: string;
  readonly scope: Scope;
  readonly name: string | undefined;
}

const FORM = /^([0-9a-f]{64})\s+(read-only|read-write)(?:\s+([\w.@:/-]{1,64}))?$/i;

/**
 * Parses lines of the form `SHA256HEX SCOPE [NAME]`; `#` starts a comment. Error messages never
 * quote a line, which may contain the token itself by mistake.
 *
 * @throws StartupError that names the first malformed line
 */
export function parseTokenFile(path: string, text: string): TokenLine[] {
  const lines = new Map<string, TokenLine & { readonly number: number }>();
  text.split('\n').forEach((whole, index) => {
    const line = whole.replace(/#.*/, '').trim();
    if (line === '') return;
    const where = `TOKENS_FILE ${path}, line ${index + 1}`;
    const [, digits, scope, name] = FORM.exec(line) ?? [];
    if (digits === undefined || scope === undefined) {
      throw new StartupError(
        `${where}: must be the SHA-256 of a token as 64 hex digits, then read-only or read-write, then optionally a name`,
      );
    }
    const hash = digits.toLowerCase();
    const same = lines.get(hash);
    if (same !== undefined) {
      throw new StartupError(`${where}: line ${same.number} has the same token: remove one of them`);
    }
    const mayWrite = scope.toLowerCase() === 'read-write';
    lines.set(hash, { hash, scope: mayWrite ? 'write' : 'read', name, number: index + 1 });
  });
  if (lines.size === 0) {
    throw new StartupError(
      `TOKENS_FILE ${path} contains no token, so every call would be rejected: add a line SHA256HEX read-write NAME`,
    );
  }
  return [...lines.values()].map(({ hash, scope, name }) => ({ hash, scope, name }));
}
