import { hash as digest, timingSafeEqual } from 'node:crypto';
import type { Authorizer, Grant, Scope } from './authorizer';
import { tokenMissing, tokenUnknown } from '../core/errors';
import type { TokenLine } from './token-file';

/** One who may call, until the token is revoked. */
class Token implements Grant {
  private readonly listeners = new Set<() => void>();
  private readonly hash: Buffer;

  constructor(private readonly line: TokenLine) {
    this.hash = Buffer.from(line.hash, 'hex');
  }

  get caller(): string | undefined {
    return this.line.name;
  }

  is(presented: Buffer): boolean {
    return timingSafeEqual(this.hash, presented);
  }

  permits(scope: Scope): boolean {
    return scope === 'read' || this.line.scope === 'write';
  }

  says({ hash, scope, name }: TokenLine): boolean {
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

/** Lets in who brings a token that is in the file. */
export class TokenAuthorizer implements Authorizer {
  private tokens: readonly Token[] = [];

  constructor(lines: readonly TokenLine[]) {
    this.replace(lines);
  }

  /** Takes what the file says now: who is in it no more, or with another scope or name, loses what was granted. */
  replace(lines: readonly TokenLine[]): void {
    const before = this.tokens;
    this.tokens = lines.map((line) => before.find((token) => token.says(line)) ?? new Token(line));
    const kept = new Set(this.tokens);
    for (const token of before) if (!kept.has(token)) token.revoke();
  }

  authenticate(authorization: string | undefined): Grant {
    const presented = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (presented === undefined) throw tokenMissing();
    const hashed = digest('sha256', presented, 'buffer');
    // Every one is compared, so that the time tells nothing of where in the file a token is.
    const [token] = this.tokens.filter((known) => known.is(hashed));
    if (token === undefined) throw tokenUnknown();
    return token;
  }
}
