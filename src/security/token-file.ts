import type { Scope } from './authorizer';
import { StartupError } from '../core/startup-error';

/** What a line of the file says. */
export interface TokenLine {
  /** The SHA-256 of the token, 64 hex digits in lower case. */
  readonly hash: string;
  readonly scope: Scope;
  readonly name: string | undefined;
}

const FORM = /^([0-9a-f]{64})\s+(read-only|read-write)(?:\s+([\w.@:/-]{1,64}))?$/i;

/**
 * Reads `SHA256HEX SCOPE [NAME]` lines; `#` begins a comment. The text of a line is
 * never repeated: somebody may have written the token itself.
 *
 * @throws StartupError that names the first line that is malformed
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
        `${where}: must be the SHA-256 of a token as 64 hex digits, then read-only or read-write, then a name or nothing`,
      );
    }
    const hash = digits.toLowerCase();
    const same = lines.get(hash);
    if (same !== undefined) {
      throw new StartupError(`${where}: line ${same.number} has the same token: remove one of the two`);
    }
    const mayWrite = scope.toLowerCase() === 'read-write';
    lines.set(hash, { hash, scope: mayWrite ? 'write' : 'read', name, number: index + 1 });
  });
  if (lines.size === 0) {
    throw new StartupError(
      `TOKENS_FILE ${path} has no token, so that nobody could call: add a line SHA256HEX read-write NAME`,
    );
  }
  return [...lines.values()].map(({ hash, scope, name }) => ({ hash, scope, name }));
}
