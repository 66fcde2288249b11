import { createHash } from 'node:crypto';

/** Bytes of the digest with which a token starts. */
const DIGEST_BYTES = 12;

/** Where a page ended. */
export type PagePosition = readonly (string | number)[];

/**
 * Returns a page token: the position where the page ended, and a digest over it and the request's
 * filters. The digest detects tokens that were altered or that belong to another request; it is
 * no secret.
 *
 * @param scope the request's filters, to which the token is tied
 */
export function makePageToken(scope: readonly unknown[], position: PagePosition): string {
  const body = Buffer.from(JSON.stringify(position));
  return Buffer.concat([digest(scope, body), body]).toString('base64url');
}

/**
 * Returns the content of a token for this scope; undefined if it was created for another one. Callers
 * check the content like a request: anyone can compute the digest.
 */
export function readPageToken(scope: readonly unknown[], token: string): unknown {
  const bytes = Buffer.from(token, 'base64url');
  const body = bytes.subarray(DIGEST_BYTES);
  const isValid =
    // Decoding ignores invalid characters and surplus bits.
    bytes.toString('base64url') === token && bytes.subarray(0, DIGEST_BYTES).equals(digest(scope, body));
  return isValid ? parseJson(body.toString()) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function digest(scope: readonly unknown[], body: Buffer): Buffer {
  const scopeText = JSON.stringify(['page token', 1, ...scope]);
  return createHash('sha256').update(scopeText).update('\0').update(body).digest().subarray(0, DIGEST_BYTES);
}
