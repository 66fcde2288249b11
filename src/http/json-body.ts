import { invalidRequest } from '../core/errors';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Parses a request's body; undefined where it is empty. @throws INVALID_REQUEST */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    throw malformed('the body is not UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    // The rest of the message is of the body, which is nobody's to log.
    const [, position] = /position (\d+)/.exec(String(error)) ?? [];
    throw malformed(
      position === undefined ? 'the body is not JSON' : `the body is not JSON from position ${position} on`,
    );
  }
}

function malformed(description: string): Error {
  return invalidRequest([{ field: '', description }]);
}
