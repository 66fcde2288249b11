import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/** Parts of an error that explain it: the driver's own fields may hold documents, which no log should. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string | undefined;
  readonly cause?: LoggedError;
}

/** JSON lines on standard output; in a terminal, lines for a person. */
export function createLogger(level: string): Logger {
  const options = { level, base: null, serializers: { err: describeError } };
  if (!process.stdout.isTTY) return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime });
  return pino(options, pretty({ translateTime: 'SYS:HH:MM:ss.l', sync: true }));
}

export function describeError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: redact(String(error)) };
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number');
  return {
    type: error.name,
    message: redact(error.message),
    ...(code ? { code: error.code as string | number } : {}),
    stack: error.stack === undefined ? undefined : redact(error.stack),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}

/** Takes user names and passwords out of connection strings, and values out of duplicate-key messages. */
export function redact(text: string): string {
  return text.replace(/\/\/[^\s"]*@/g, '//***@').replace(/dup key: \{.*\}/gs, 'dup key: {***}');
}
