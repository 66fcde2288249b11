import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/** The fields of an error that are safe to log: other fields of driver errors may contain documents. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string | undefined;
  readonly cause?: LoggedError;
}

/** Logs JSON lines to standard output, or readable lines if that is a terminal. */
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

/** Removes user names and passwords from connection strings, and values from duplicate-key messages. */
export function redact(text: string): string {
  return text.replace(/\/\/[^\s"]*@/g, '//***@').replace(/dup key: \{.*\}/gs, 'dup key: {***}');
}
