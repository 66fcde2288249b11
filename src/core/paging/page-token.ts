import { createHash } from 'node:crypto';

/** Bytes of the digest at the beginning of a token. */
const DIGEST_BYTES = 12;

/** Where a page ended. */
export type PagePosition = readonly (string | number)[];

/**
 * A page token: where the page ended, and a digest over that and over what was asked for. It
 * shows a token that was changed or that another request made; there is nothing in it to hide.
 *
 * @param request what the token belongs to
 */
export function makePageToken(request: readonly unknown[], position: PagePosition): string {
  const body = Buffer.from(JSON.stringify(position));
  return Buffer.concat([digest(request, body), body]).toString('base64url');
}

/** Undefined where the request did not make the token. */
export function readPageToken(request: readonly unknown[], token: string): PagePosition | undefined {
  const bytes = Buffer.from(token, 'base64url');
  const body = bytes.subarray(DIGEST_BYTES);
  const isOurs =
    // Decoding passes over what is no base64, and over bits that are too many.
    bytes.toString('base64url') === token && bytes.subarray(0, DIGEST_BYTES).equals(digest(request, body));
  return isOurs ? (JSON.parse(body.toString()) as PagePosition) : undefined;
}

function digest(request: readonly unknown[], body: Buffer): Buffer {
  const asked = JSON.stringify(['page token', 1, ...request]);
  return createHash('sha256').update(asked).update('\0').update(body).digest().subarray(0, DIGEST_BYTES);
}
