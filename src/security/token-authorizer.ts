import { hash as digest, timingSafeEqual } from 'node:crypto';
import type { Authorizer, Grant, Scope } from './authorizer';
import { tokenMissing, tokenUnknown } from '../core/errors';
import type { TokenLine } from './token-file';

/** A valid token; its grant lasts until the token is revoked. */
class Token implements Grant {
  private readonly listeners = new Set<() => void>();
  private readonly hash: Buffer;

  constructor(private readonly line: TokenLine) {
    this.hash = Buffer.from(line.hash, 'hex');
  }

  get caller(): string | undefined {
    return this.line.name;
  }

  matches(presented: Buffer): boolean {
    return timingSafeEqual(this.hash, presented);
  }

  permits(scope: Scope): boolean {
    return scope === 'read' || this.line.scope === 'write';
  }

  isSameAs({ hash, scope, name }: TokenLine): boolean {
    return this.line.hash === hash && this.line.scope === scope && this.line.name === name;
  }

  onRevoked(listener: () => void): void {
    this.listeners.add(listener);
  }

  offRevoked(listener: () => void): void {
    this.listeners.delete(listener);
  }

  revoke(): void {
    for (const listener of this.listeners) listener();
  }
}

/** Allows calls that carry a token whose hash is in the token file. */
export class TokenAuthorizer implements Authorizer {
  private tokens: readonly Token[] = [];

  constructor(lines: readonly TokenLine[]) {
    this.replace(lines);
  }

  /** Replaces the tokens by those of the file. Revokes the tokens that are missing, or have another scope or name. */
  replace(lines: readonly TokenLine[]): void {
    const before = this.tokens;
    this.tokens = lines.map((line) => before.find((token) => token.isSameAs(line)) ?? new Token(line));
    const kept = new Set(this.tokens);
    for (const token of before) if (!kept.has(token)) token.revoke();
  }

  authenticate(authorization: string | undefined): Grant {
    const presented = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (presented === undefined) throw tokenMissing();
    const hashed = digest('sha256', presented, 'buffer');
    // Compares all of them, so that the response time does not reveal a token's position in the file.
    const [token] = this.tokens.filter((known) => known.matches(hashed));
    if (token === undefined) throw tokenUnknown();
    return token;
  }
}
