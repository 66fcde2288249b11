import { invalidRequest } from '../core/errors';
import { findInexactNumbers, type InexactNumber } from './inexact-numbers';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** A request's body. */
export interface JsonBody {
  readonly value: unknown;
  /** The whole numbers that parsing changed. */
  readonly inexactNumbers: readonly InexactNumber[];
}

/** Parses a request's body; undefined if it is empty. @throws INVALID_REQUEST */
export function parseJsonBody(bytes: Buffer): JsonBody | undefined {
  if (bytes.length === 0) return undefined;
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    throw malformed('the body is not UTF-8');
  }
  return { value: parse(text), inexactNumbers: findInexactNumbers(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the body, which must not reach the log.
    throw malformed('the body is not JSON');
  }
}

function malformed(description: string): Error {
  return invalidRequest([{ field: '', description }]);
}
